// An archive and a cache for tests of packages.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string_view>
#include <vector>

#include "os-builder/packages/package_set.hpp"
#include "tests/support/archive.hpp"

namespace bulkhead::packages {

using test::Archive;
using test::Deb;
using test::SigningKey;

// A fresh archive with app -> lib, and a fresh cache.
struct World {
  World() : cache(*sys::TempDir::create("/tmp", "cache-")) {
    archive.add(app);
    archive.add(lib);
    archive.publish();
    wanted.suites = {"trixie"};
    wanted.packages = {{"app", "what it is for"}};
  }

  ArchiveOptions options() const {
    ArchiveOptions result;
    result.cache_dir = cache.path();
    result.sources = archive.sources_dir();
    return result;
  }
  ArchiveOptions offline() const {
    ArchiveOptions result = options();
    result.offline = true;
    return result;
  }

  Result<PackageSet> resolve() const { return packages::resolve(wanted, options(), {}); }
  Result<std::vector<sys::Path>> fetch(const PackageSet& set) const { return packages::fetch(set, options(), {}); }
  // Nothing but whole packages is in the cache.
  std::size_t stored() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cache.path() / "debs")) {
      if (!entry.is_directory()) ++count;
    }
    return count;
  }

  Deb app{.name = "app",
          .version = "1:2.0-1",
          .architecture = "amd64",
          .depends = "lib (>= 1.0)",
          .fields = {{"Source", "app-src (2.0)"}, {"Homepage", "https://example.org"}, {"Installed-Size", "7"}},
          .files = {{"usr/bin/app", "app"}}};
  Deb lib{.name = "lib"};
  Archive archive;
  sys::TempDir cache;
  variant::Variant wanted;
};

// One line that has `part`, with a hint.
inline void check_error(const auto& result, ErrorCode code, std::string_view part) {
  REQUIRE_FALSE(result);
  INFO(result.error().describe() << "\nhint: " << result.error().hint);
  CHECK(result.error().code == code);
  CHECK(result.error().describe().contains(part));
  CHECK_FALSE(result.error().hint.empty());
  CHECK_FALSE(result.error().describe().contains('\n'));
}

}  // namespace bulkhead::packages
