#include "lib/file_systems/outcome.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::file_systems;

TEST_CASE("an outcome is read as it was written, and the last one counts") {
  const auto directory = sys::TempDir::create("/tmp", "outcome-test-").value();
  const sys::Path place = directory.path() / "file-systems";
  CHECK(read_outcome(place, FileSystem::data).value() == std::nullopt);
  for (const Kind kind : {Kind::lost, Kind::reset, Kind::copied, Kind::damaged, Kind::repaired, Kind::mounted}) {
    const FileSystemOutcome outcome{.kind = kind, .reason = "why"};
    REQUIRE(write_outcome(place, FileSystem::data, outcome));
    CHECK(read_outcome(place, FileSystem::data).value() == outcome);
  }
  CHECK(read_outcome(place, FileSystem::state).value() == std::nullopt);
}

TEST_CASE("units look at the names of the files") {
  const auto directory = sys::TempDir::create("/tmp", "outcome-test-").value();
  REQUIRE(write_outcome(directory.path(), FileSystem::data, {.kind = Kind::lost, .reason = "x"}));
  CHECK(sys::exists(directory.path() / "data.lost"));
}

TEST_CASE("a reason is one line that controls no terminal, and not endless") {
  const auto directory = sys::TempDir::create("/tmp", "outcome-test-").value();
  REQUIRE(write_outcome(directory.path(), FileSystem::state,
                        {.kind = Kind::lost, .reason = "a\nb\x1b[2J" + std::string(100'000, 'c')}));
  const auto outcome = read_outcome(directory.path(), FileSystem::state).value().value();
  CHECK(outcome.reason.starts_with("a b [2Jccc"));
  CHECK(outcome.reason.size() <= 2048);
}

TEST_CASE("only what is on the disk lasts") {
  CHECK(lasts(Kind::repaired));
  CHECK(!lasts(Kind::copied));
  CHECK(!lasts(Kind::lost));
  CHECK(!lasts(Kind::reset));
}
