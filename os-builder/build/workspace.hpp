// Where a build finds things and where it puts them. Everything has a default and an option; nothing is read from the
// environment below main.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/version.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::build {

struct Workspace {
  sys::Path source;    // checkout: has variants/ and os-builder/rootfs/overlay/
  sys::Path programs;  // programs for the image, staged by CMake
  sys::Path cache;     // package lists, .debs, unpacked packages, stages; safe to share between builds
  sys::Path products;  // unpacked packages and stages; empty: in the cache
  sys::Path keys;      // owner's keys
  sys::Path sources;   // apt configuration directory that names the archive and its keyring

  sys::Path variants() const { return source / "variants"; }
  sys::Path overlays() const { return source / "os-builder/rootfs/overlay"; }
  const sys::Path& products_directory() const { return products.empty() ? cache : products; }
  sys::Path images() const { return source / "build/image"; }
};

// The environment's part in the defaults, read once by main.cpp.
struct Environment {
  std::optional<std::string> cache;  // BULKHEAD_CACHE
  std::optional<std::string> keys;   // BULKHEAD_KEYS
  std::optional<std::string> home;   // HOME
  std::optional<std::string> source_date_epoch;
};

// Defaults: source is the nearest parent of `working_directory` that has variants/; programs are in the
// folder node beside this executable's folder; cache is ~/.cache/bulkhead; keys are ~/.config/bulkhead/keys. Errors:
// not_found outside a checkout.
Result<Workspace> find_workspace(const Environment& environment, const sys::Path& working_directory);

// The parts of it that need no checkout.
Result<sys::Path> default_keys(const Environment& environment);
Result<sys::Path> default_cache(const Environment& environment);

// Whether only we (and root) can write to the cache and to each directory in it: products and compiler output go from
// there into signed images. tools/sdk looks at the directories above it, which this program does not see. A cache that
// is missing will be made. Errors: permission_denied, with what to do.
Result<> check_cache(const sys::Path& cache);

// SOURCE_DATE_EPOCH as a number of seconds, strictly; nothing when unset.
Result<std::optional<std::int64_t>> source_date_epoch(const Environment& environment);

}  // namespace bulkhead::build
