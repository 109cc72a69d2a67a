// Debian packages chosen for an image, and the lock file that names them exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::packages {

struct Package {
  std::string name;
  std::string version;
  std::string architecture;
  std::string source;  // source package name
  std::string source_version;
  Sha256 sha256;                     // of the .deb
  std::uint64_t size = 0;            // bytes of the .deb
  std::uint64_t installed_size = 0;  // bytes, as Debian declares it
  std::string filename;              // path below the archive's root, pool/main/…
  std::string suite;                 // codename: "trixie", "trixie-security", …
  std::string suite_reason{};        // why it comes from there, if that is none of the variant's own suites
  std::string section;
  std::string maintainer;
  std::string homepage;  // may be empty
  std::string summary;   // first line of the description
  std::string reason;    // from the variant, or "needed by NAME"

  bool operator==(const Package&) const = default;
};

// Sorted by name. The same set and epoch give the same image.
struct PackageSet {
  std::vector<Package> packages;
  // Seconds; date of the newest Release file of the variant's own suites, or $SOURCE_DATE_EPOCH. Other suites do not
  // count: sid's file changes four times a day, and would make another image of the same packages each time.
  std::int64_t source_date_epoch = 0;

  Sha256 digest() const;  // of the lock

  bool operator==(const PackageSet&) const = default;
};

// "name_version_architecture.deb", with ':' of an epoch written %3a as apt does.
std::string deb_file_name(const Package& package);

// packages.lock: TOML, one [[package]] each, sorted; docs/formats/packages-lock.md.
std::string write_lock(const PackageSet& set);
Result<PackageSet> parse_lock(std::string_view text, const std::string& file_name);

// invalid_argument when the lock was made for something else: it lacks a package that the variant installs, has one
// that it excludes, or has one from a suite that the variant does not take it from. Nothing is resolved again.
Result<> check_lock(const PackageSet& lock, const variant::Variant& variant, const std::string& file_name);

// Seconds since 1970 as $SOURCE_DATE_EPOCH and the lock hold them: 0 up to the end of year 9999.
inline constexpr std::int64_t kMaxEpoch = 253402300799;
Result<std::int64_t> parse_source_date_epoch(std::string_view text);

// What a suite's signed Release file says of it.
struct Release {
  std::string suite;      // its codename
  std::string version;    // of Debian, "13.2"; empty for suites that are never released
  std::int64_t date = 0;  // seconds since 1970

  bool operator==(const Release&) const = default;
};

struct ArchiveOptions {
  // Everything that is kept between builds: lists in apt/, packages in debs/<sha256>.deb. Nothing is pruned; removing
  // it is safe.
  sys::Path cache_dir;
  sys::Path sources{"/etc/apt"};  // apt configuration directory that names the archive and its keyring
  bool offline = false;           // only what the cache has; a missing file is one error that names it
  // Lists that are newer than this are used without a refresh. 0: ask the archive every time, which costs one small
  // conditional request per suite when nothing changed.
  std::chrono::seconds max_age{0};
  std::optional<std::int64_t> source_date_epoch{};  // overrides the date of the Release files
};

// Progress of downloads, 0..1. May be empty.
using OnProgress = std::function<void(double fraction, std::string_view detail)>;

// Refreshes the signed lists (unless offline) and resolves the variant's packages, without Recommends and without the
// excluded ones. Errors: unknown package, unsatisfiable dependency (names the chain), bad signature of a Release file
// or one that has expired, unreachable mirror; a suite of the variant that the sources lack; a package that is named
// for another suite and is not in that suite, is not installed, or is no newer there; a version below the variant's
// lowest one.
Result<PackageSet> resolve(const variant::Variant& variant, const ArchiveOptions& archive, const OnProgress& progress);

struct NewerVersions {
  Package current;
  std::vector<Package> newer;  // highest first, never empty; of each version the suite whose name sorts first
};

// What all configured suites have that is newer than the packages of a set, whether the variant would take it from
// there or not.
struct ArchiveNews {
  std::vector<Release> releases;        // in the order of the sources
  std::vector<NewerVersions> packages;  // in the order of the set
};

// Refreshes the lists as resolve() does. Errors: those of the lists.
Result<ArchiveNews> look_for_newer(const PackageSet& set, const ArchiveOptions& archive, const OnProgress& progress);

// The first package of a set that is older than the variant's [packages.minimum] allows, or that has an entry there and
// is not in the set; nothing if there is none. Continues a sentence about the set: "has crun 1.21, older than 1.28 …".
std::optional<std::string> below_minimum(const PackageSet& set, const variant::Variant& variant);

// Below, at or above zero, as Debian orders versions (deb-version(7)).
int compare_versions(const std::string& a, const std::string& b);

// The .deb files of the set in the cache, in the order of the set; downloads what is missing and checks every digest.
// A file with a wrong digest is removed and is a verification_failed error.
Result<std::vector<sys::Path>> fetch(const PackageSet& set, const ArchiveOptions& archive, const OnProgress& progress);

}  // namespace bulkhead::packages
