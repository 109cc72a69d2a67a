#include "node/machine-id/commit.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::machine_id;

namespace {

constexpr const char* kId = "0123456789abcdef0123456789abcdef\n";

struct Files {
  sys::TempDir directory = sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value();
  sys::Path current = directory.path() / "current";
  sys::Path stored = directory.path() / "stored";
};

}  // namespace

TEST_CASE("the machine id is stored once and then left alone") {
  const Files files;
  REQUIRE(sys::write_file_atomically(files.current, kId));
  CHECK(commit_machine_id(files.current, files.stored).value() == StoreResult::written);
  CHECK(sys::read_file(files.stored).value() == kId);
  CHECK(commit_machine_id(files.current, files.stored).value() == StoreResult::unchanged);
}

TEST_CASE("a damaged stored machine id is replaced") {
  const Files files;
  REQUIRE(sys::write_file_atomically(files.current, kId));
  REQUIRE(sys::write_file_atomically(files.stored, std::string(100, 'x')));
  CHECK(commit_machine_id(files.current, files.stored).value() == StoreResult::written);
  CHECK(sys::read_file(files.stored).value() == kId);
}

TEST_CASE("what is not a machine id is never stored") {
  const Files files;
  for (const char* text :
       {"", "uninitialized\n", "00000000000000000000000000000000\n", "0123456789ABCDEF0123456789ABCDEF\n"}) {
    REQUIRE(sys::write_file_atomically(files.current, text));
    CHECK(commit_machine_id(files.current, files.stored).error().code == ErrorCode::failed_precondition);
    CHECK(!sys::exists(files.stored));
  }
}
