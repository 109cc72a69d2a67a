#include "os-builder/build/workspace.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"

namespace bulkhead::build {
namespace {

const Environment kHomeOnly{.cache = {}, .keys = {}, .home = "/home/ada", .source_date_epoch = {}};

Environment with_epoch(std::string text) {
  return {.cache = {}, .keys = {}, .home = {}, .source_date_epoch = std::move(text)};
}

}  // namespace

TEST_CASE("a checkout is found from any directory inside it") {
  const auto scratch = sys::TempDir::create("/tmp", "workspace-").value();
  REQUIRE(sys::create_directories(scratch.path() / "variants"));
  REQUIRE(sys::create_directories(scratch.path() / "os-builder/rootfs/overlay"));
  REQUIRE(sys::create_directories(scratch.path() / "docs/formats"));
  const auto workspace = find_workspace(kHomeOnly, scratch.path() / "docs/formats");
  REQUIRE(workspace);
  CHECK(workspace->source == scratch.path());
  CHECK(workspace->cache == "/home/ada/.cache/bulkhead");
  CHECK(workspace->keys == "/home/ada/.config/bulkhead/keys");
}

TEST_CASE("outside a checkout the error says what to do") {
  const auto workspace = find_workspace(kHomeOnly, "/proc");
  REQUIRE_FALSE(workspace);
  CHECK(workspace.error().code == ErrorCode::not_found);
  CHECK(workspace.error().hint.contains("--source"));
}

TEST_CASE("a cache that others may write to is refused, at each place from which something is taken") {
  const auto scratch = sys::TempDir::create("/tmp", "workspace-").value();
  const sys::Path cache = scratch.path() / "cache";
  CHECK(check_cache(cache));  // it will be made
  REQUIRE(sys::create_directories(cache / "stages"));
  REQUIRE(sys::create_directories(cache / "unpacked"));
  CHECK(check_cache(cache));
  REQUIRE(sys::create_directories(cache / "ccache"));
  for (const sys::Path& place : {cache, cache / "stages", cache / "unpacked", cache / "ccache"}) {
    for (const mode_t mode : {0775, 0757, 01777}) {
      REQUIRE(::chmod(place.c_str(), mode) == 0);
      const auto checked = check_cache(cache);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().code == ErrorCode::permission_denied);
      CHECK(checked.error().hint.contains(place.native()));
    }
    REQUIRE(::chmod(place.c_str(), 0755) == 0);
  }
  REQUIRE(sys::remove_all(cache / "stages"));
  REQUIRE(::symlink("/tmp", (cache / "stages").c_str()) == 0);
  CHECK_FALSE(check_cache(cache));
}

TEST_CASE("without HOME the keys cannot be found, and the error says so") {
  const auto keys = default_keys({.cache = {}, .keys = {}, .home = {}, .source_date_epoch = {}});
  REQUIRE_FALSE(keys);
  CHECK(keys.error().code == ErrorCode::failed_precondition);
}

TEST_CASE("SOURCE_DATE_EPOCH is a plain number of seconds that FAT can say") {
  CHECK(source_date_epoch(with_epoch("1763856000")).value() == 1'763'856'000);
  CHECK(source_date_epoch(kHomeOnly).value() == std::nullopt);
  const char* text = GENERATE("", "0", "-5", "12x", "0x10", "99999999999999999999", " 1763856000");
  CHECK_FALSE(source_date_epoch(with_epoch(text)));
}

}  // namespace bulkhead::build
