// A build, from a variant's TOML to a directory of images. build() is the recipe: read it first.
#pragma once

#include <optional>
#include <string>

#include "lib/cli/progress.hpp"
#include "os-builder/build/workspace.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::build {

struct BuildOptions {
  Workspace workspace;
  std::string variant = "kvm";
  std::optional<std::string> image_version;  // instead of [product] version
  std::optional<sys::Path> output;           // default: build/image/<variant>
  std::optional<sys::Path> locked;           // packages.lock to reproduce
  bool offline = false;
  bool release = false;  // makes everything anew: of the cache, only packages are used, which are verified
  bool wait = true;      // for another build that is writing the same directory
  std::optional<std::int64_t> source_date_epoch;  // default: date of the archive, or the lock's
};

struct BuildResult {
  sys::Path directory;
  std::string variant;
  Version version;
  std::string build_id;
  Sha256 root_hash;
  bool changed = false;  // false: everything was up to date
};

Result<BuildResult> build(const BuildOptions& options, cli::Progress& progress);

// How many stages build() reports.
inline constexpr int kStages = 9;

// The first steps of build(), shared with plan(): writes only the package cache.
struct Resolved {
  variant::Variant variant;
  packages::PackageSet packages;
};
Result<Resolved> resolve(const BuildOptions& options, cli::Progress& progress);

packages::ArchiveOptions archive_options(const BuildOptions& options);
sys::Path output_directory(const BuildOptions& options);

// The kernel command line of the UKI: "roothash=<hex>", the variant's list, and "--", behind which the kernel obeys
// nothing (parse_args() in its kernel/params.c): systemd-stub may append what nobody has signed.
std::string command_line(const variant::Variant& variant, const std::string& root_hash);

}  // namespace bulkhead::build
