#include "node/trial/verdict.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using file_systems::FileSystem;
using trial::may_bless;

namespace {

// Version 0.2.0, in its first try; the loader lists these entries.
slots::Evidence on_trial(std::vector<std::string> entries) {
  return {.version = Version::parse("0.2.0").value(),
          .root_partition = 5,
          .boot_loader = true,
          .count_path = "\\EFI\\Linux\\bulkhead_0.2.0+2-1.efi",
          .entries = std::move(entries)};
}

const std::vector<std::string> kAlone = {"bulkhead_0.2.0+3.efi"};
const std::vector<std::string> kWithAnother = {"bulkhead_0.2.0+3.efi", "bulkhead_0.1.0.efi"};

}  // namespace

TEST_CASE("a version on trial that has everything is blessed") {
  CHECK(may_bless({.evidence = on_trial(kAlone)}).value());
  CHECK(may_bless({.evidence = on_trial(kWithAnother)}).value());
}

TEST_CASE("a version that lost a file system or does not obey stored settings fails, if there is another one") {
  const trial::Facts lost{.evidence = on_trial(kWithAnother), .lost = {FileSystem::data}};
  REQUIRE_FALSE(may_bless(lost));
  CHECK(may_bless(lost).error().code == ErrorCode::failed_precondition);
  CHECK(may_bless(lost).error().message.contains("DATA"));
  const trial::Facts refusing{.evidence = on_trial(kWithAnother), .settings_not_in_effect = true};
  REQUIRE_FALSE(may_bless(refusing));
  CHECK(may_bless(refusing).error().message.contains("settings"));

  // Nothing else could do better.
  CHECK(may_bless({.evidence = on_trial(kAlone), .lost = {FileSystem::state}, .settings_not_in_effect = true}).value());
}

TEST_CASE("a version whose tries nobody counts is not blessed, whatever the variable names") {
  slots::Evidence evidence = on_trial({"bulkhead_0.2.0.efi", "bulkhead_0.1.0.efi"});
  evidence.count_path = std::nullopt;
  CHECK_FALSE(may_bless({.evidence = evidence}).value());
  // The firmware refused 0.3.0, which the variable still names.
  evidence.count_path = "\\EFI\\Linux\\bulkhead_0.3.0+2-1.efi";
  CHECK_FALSE(may_bless({.evidence = evidence}).value());
}
