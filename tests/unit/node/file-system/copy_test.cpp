#include "node/file-system/copy.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::file_system;

namespace {

struct Trees {
  sys::TempDir directory = sys::TempDir::create("/tmp", "copy-test-").value();
  sys::Path from = directory.path() / "from";
  sys::Path to = directory.path() / "to";

  Trees() {
    REQUIRE(sys::create_directories(from / "api"));
    REQUIRE(sys::create_directories(to));
    REQUIRE(sys::write_file_atomically(from / "settings-1", "one"));
    REQUIRE(sys::write_file_atomically(from / "api/key.pem", "secret", 0600));
  }
};

}  // namespace

TEST_CASE("files and directories are copied with their modes") {
  const Trees trees;
  REQUIRE(copy_tree(trees.from, trees.to));
  CHECK(sys::read_file(trees.to / "settings-1").value() == "one");
  CHECK(sys::read_file(trees.to / "api/key.pem").value() == "secret");
  struct stat info{};
  REQUIRE(::stat((trees.to / "api/key.pem").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("links and pipes are left out, and nothing behind them is read") {
  const Trees trees;
  REQUIRE(::symlink("/etc/passwd", (trees.from / "passwd").c_str()) == 0);
  REQUIRE(::symlink("/", (trees.from / "root").c_str()) == 0);
  REQUIRE(::mkfifo((trees.from / "pipe").c_str(), 0600) == 0);
  REQUIRE(copy_tree(trees.from, trees.to));
  CHECK(sys::list_directory(trees.to).value().size() == 2);
}

TEST_CASE("a tree that is too large, too deep or has too many files is refused") {
  for (const CopyLimits& limits : {CopyLimits{.bytes = 5}, CopyLimits{.files = 1}, CopyLimits{.depth = 1}}) {
    const Trees trees;
    CHECK(copy_tree(trees.from, trees.to, limits).error().code == ErrorCode::failed_precondition);
  }
}
