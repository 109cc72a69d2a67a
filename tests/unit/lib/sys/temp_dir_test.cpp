#include "lib/sys/temp_dir.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

using namespace bulkhead;
using namespace bulkhead::sys;

TEST_CASE("a temporary directory is private and goes away with its content") {
  Path path;
  {
    const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
    REQUIRE(dir);
    path = dir->path();
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0700U);
    REQUIRE(sys::create_directories(path / "a" / "b"));
    REQUIRE(write_file_atomically(path / "a" / "b" / "c", "x"));
  }
  CHECK_FALSE(sys::exists(path));
}

TEST_CASE("moving a temporary directory moves the duty to remove it") {
  auto first = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(first);
  const Path path = first->path();
  {
    const TempDir second = std::move(*first);
    CHECK(second.path() == path);
  }
  CHECK_FALSE(sys::exists(path));
}

TEST_CASE("a committed directory stays, and never replaces one that has content") {
  const auto outer = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(outer);
  const Path target = outer->path() / "target";
  {
    auto dir = TempDir::create(outer->path(), "new-");
    REQUIRE(dir);
    REQUIRE(write_file_atomically(dir->path() / "x", "first"));
    REQUIRE(dir->commit(target));
  }
  CHECK(read_file(target / "x") == "first");
  {
    auto dir = TempDir::create(outer->path(), "new-");
    REQUIRE(dir);
    REQUIRE(write_file_atomically(dir->path() / "x", "second"));
    CHECK_FALSE(dir->commit(target));
  }
  CHECK(read_file(target / "x") == "first");
  CHECK(std::distance(std::filesystem::directory_iterator(outer->path()), {}) == 1);
}

TEST_CASE("missing parents of a temporary directory are made") {
  const auto outer = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(outer);
  CHECK(TempDir::create(outer->path() / "a" / "b", "x-"));
  CHECK_FALSE(TempDir::create("/proc/nowhere", "x-"));
}
