// Which packages of an image have a newer version somewhere, and which vulnerabilities that version is known to fix.
// `os-builder plan --outdated`; docs/outdated.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os-builder/outdated/advisories.hpp"
#include "os-builder/outdated/changelog.hpp"
#include "os-builder/packages/package_set.hpp"

namespace bulkhead::outdated {

// A newer version of one source package, in one suite.
struct NewerSource {
  std::string source;
  std::vector<std::string> packages;  // of the image, built from it; sorted
  std::string version;                // of the source package
  std::string suite;
  std::string newer;
  std::string newer_suite;
  // Nothing when no changelog could be read: the cache lacks the .deb (offline), or the packages have none.
  std::optional<AddedNames> added;

  bool operator==(const NewerSource&) const = default;
};

struct OpenAdvisory {
  Advisory advisory;
  std::string version;  // of the source package in the image
  std::string suite;

  bool operator==(const OpenAdvisory&) const = default;
};

struct Report {
  std::vector<packages::Release> releases;
  std::size_t packages = 0;        // of the image
  std::vector<NewerSource> newer;  // by source, then highest version first
  bool advisories_given = false;
  std::vector<OpenAdvisory> open;  // by source, then name; each once
};

struct Options {
  packages::ArchiveOptions archive;  // offline: only lists and packages of the cache
  std::optional<sys::Path> advisories;
};

// Online, downloads for each outdated source package the smallest .deb of both versions that has a changelog; their
// digests are those that the signed lists name. Errors: those of the lists and downloads, and of the advisories.
Result<Report> examine(const packages::PackageSet& set, const Options& options, const packages::OnProgress& progress);

std::string to_text(const Report& report, bool color);
std::string to_json(const Report& report);  // schema bulkhead.outdated/1

}  // namespace bulkhead::outdated
