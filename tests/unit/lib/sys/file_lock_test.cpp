#include "lib/sys/file_lock.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <optional>
#include <thread>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::sys;

TEST_CASE("a second owner is refused at once and told which lock it is") {
  const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  const Path path = dir->path() / "lock";
  {
    const auto first = FileLock::try_acquire(path);
    REQUIRE(first);
    const auto second = FileLock::try_acquire(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::aborted);
    CHECK(second.error().message.contains(path.native()));
  }
  CHECK(FileLock::try_acquire(path));
}

TEST_CASE("a waiting owner gets the lock when it is released, not before") {
  const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  const Path path = dir->path() / "lock";
  auto first = FileLock::try_acquire(path);
  REQUIRE(first);
  std::optional<FileLock> held(std::move(*first));
  std::atomic<bool> released = false;
  bool in_order = false;
  std::thread waiter([&] {
    const auto second = FileLock::acquire(path);
    in_order = second && released;
  });
  std::this_thread::yield();
  released = true;
  held.reset();
  waiter.join();
  CHECK(in_order);
}

TEST_CASE("a program that we start does not hold our lock") {
  const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  const Path path = dir->path() / "lock";
  auto lock = FileLock::try_acquire(path);
  REQUIRE(lock);
  const auto child = Child::spawn({.arguments = {"sleep", "60"}}, {});
  REQUIRE(child);
  {
    const FileLock gone = std::move(*lock);
  }
  CHECK(FileLock::try_acquire(path));
}
