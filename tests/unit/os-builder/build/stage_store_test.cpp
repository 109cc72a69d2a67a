#include "os-builder/build/stage_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::build {
namespace {

Sha256 inputs_named(std::string_view name) { return crypto::sha256(name); }

struct StoreFixture {
  sys::TempDir scratch = sys::TempDir::create("/tmp", "stage-store-").value();
  StageStore store = StageStore::open(scratch.path() / "stages").value();
  int made = 0;

  Result<StageProduct> run(std::string_view name) {
    return store.run("compile", inputs_named(name), [&](const sys::Path& directory) -> Result<> {
      ++made;
      return sys::write_file_atomically(directory / "product", name);
    });
  }
  std::vector<sys::Path> leftovers() const {
    std::vector<sys::Path> found;
    for (const auto& entry : std::filesystem::directory_iterator(scratch.path() / "stages/compile")) {
      if (entry.path().filename().native().starts_with(".unfinished-")) found.push_back(entry.path());
    }
    return found;
  }
};

}  // namespace

TEST_CASE_METHOD(StoreFixture, "a stage with the same inputs is made once") {
  const auto first = run("a");
  const auto second = run("a");
  REQUIRE(first);
  REQUIRE(second);
  CHECK(made == 1);
  CHECK_FALSE(first->reused);
  CHECK(second->reused);
  CHECK(sys::read_file(second->directory / "product") == "a");
}

TEST_CASE_METHOD(StoreFixture, "a stage with other inputs is made again") {
  REQUIRE(run("a"));
  REQUIRE(run("b"));
  CHECK(made == 2);
}

TEST_CASE_METHOD(StoreFixture, "a product that was changed in the cache is made again") {
  for (const char* change : {"other", "more", "gone", "no digests"}) {
    INFO(change);
    const int before = made;
    const sys::Path directory = run("a").value().directory;
    if (change == std::string_view("other")) REQUIRE(sys::write_file_atomically(directory / "product", "b"));
    if (change == std::string_view("more")) REQUIRE(sys::write_file_atomically(directory / "new", "b"));
    if (change == std::string_view("gone")) REQUIRE(sys::remove_all(directory / "product"));
    if (change == std::string_view("no digests")) REQUIRE(sys::remove_all(directory / ".digests"));
    const auto again = run("a");
    REQUIRE(again);
    CHECK_FALSE(again->reused);
    CHECK(sys::read_file(again->directory / "product") == "a");
    CHECK_FALSE(sys::exists(again->directory / "new"));
    CHECK(made > before);
  }
}

TEST_CASE_METHOD(StoreFixture, "a failed stage leaves nothing behind and is tried again") {
  const auto failed = store.run("compile", inputs_named("a"), [](const sys::Path& directory) -> Result<> {
    TRY(sys::write_file_atomically(directory / "half", "half"));
    return fail(ErrorCode::internal, "broken");
  });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "broken");
  CHECK(leftovers().empty());
  REQUIRE(run("a"));
  CHECK(made == 1);
}

TEST_CASE_METHOD(StoreFixture, "what a killed build left is not taken for a product and goes away") {
  REQUIRE(sys::create_directories(scratch.path() / "stages/compile/.unfinished-dead"));
  const auto product = run("a");
  REQUIRE(product);
  CHECK_FALSE(product->reused);
  CHECK(leftovers().empty());
}

TEST_CASE_METHOD(StoreFixture, "only the newest products of a stage are kept") {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) REQUIRE(run(name));
  std::size_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path() / "stages/compile")) {
    if (entry.is_directory()) ++kept;
  }
  CHECK(kept == StageStore::kKept);
  const auto newest = run("f");
  REQUIRE(newest);
  CHECK(newest->reused);
}

}  // namespace bulkhead::build
