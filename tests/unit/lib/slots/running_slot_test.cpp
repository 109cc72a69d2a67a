#include "lib/slots/running_slot.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::slots;

namespace {

Evidence evidence(std::vector<std::string> entries) {
  return {.version = Version::parse("0.1.0").value(),
          .root_partition = 2,
          .boot_loader = true,
          .count_path = std::nullopt,
          .entries = std::move(entries)};
}

}  // namespace

TEST_CASE("the slot is told by the number of the root partition") {
  Evidence given = evidence({});
  CHECK(explain(given).slot == gpt::Slot::a);
  given.root_partition = 5;
  CHECK(explain(given).slot == gpt::Slot::b);
  given.root_partition = 0;
  CHECK(!explain(given).slot);
}

TEST_CASE("a blessed version without a newer one is the newest") {
  CHECK(describe(explain(evidence({"bulkhead_0.1.0.efi", "bulkhead_0.0.9.efi", "auto-reboot-to-firmware-setup"}))) ==
        "newest");
}

TEST_CASE("a counted boot is a trial, and says which try it is") {
  Evidence given = evidence({"bulkhead_0.1.0+3.efi"});
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0+2-1.efi";
  CHECK(describe(explain(given)) == "trial boot 1 of 3");
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0.efi";
  CHECK(describe(explain(given)) == "trial boot");
  given.count_path = "something else";
  CHECK(describe(explain(given)) == "newest");
}

TEST_CASE("a newer version behind the running one has used up its tries") {
  const auto running = explain(evidence({"bulkhead_0.1.0.efi", "bulkhead_0.0.9.efi", "bulkhead_0.2.0.efi"}));
  CHECK(running.reason == Reason::fell_back);
  CHECK(describe(running) == "fell back: 0.2.0 failed");
  CHECK(describe(explain(evidence({"bulkhead_0.1.0.efi", "bulkhead_0.2.0+0-1.efi"}))) == "fell back: 0.2.0 failed");
}

TEST_CASE("a counter of another version, which the firmware refused to start, makes no trial") {
  Evidence given = evidence({"bulkhead_0.1.0.efi", "bulkhead_0.2.0.efi"});
  given.count_path = "\\EFI\\Linux\\bulkhead_0.2.0+0-3.efi";
  CHECK(describe(explain(given)) == "fell back: 0.2.0 failed");
}

TEST_CASE("an older version behind a newer one was chosen") {
  const auto running = explain(evidence({"bulkhead_0.2.0.efi", "bulkhead_0.1.0.efi", "bulkhead_0.3.0.efi"}));
  CHECK(running.reason == Reason::chosen);
  CHECK(describe(running) == "chosen over 0.2.0");
}

TEST_CASE("a trial can fall back to a version behind it, as long as it has tries") {
  Evidence given = evidence({"bulkhead_0.1.0.efi", "bulkhead_0.0.9.efi", "auto-reboot-to-firmware-setup"});
  CHECK(!can_fall_back(given));
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0+2-1.efi";
  CHECK(can_fall_back(given));
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0+0-3.efi";
  CHECK(can_fall_back(given));
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0+0-4.efi";
  CHECK(!can_fall_back(given));
  given.count_path = "\\EFI\\Linux\\bulkhead_0.1.0+2-1.efi";
  given.entries = {"bulkhead_0.1.0.efi", "auto-reboot-to-firmware-setup"};
  CHECK(!can_fall_back(given));
}

TEST_CASE("without the boot loader there is nothing to explain") {
  Evidence given = evidence({"bulkhead_0.1.0.efi", "bulkhead_0.2.0.efi"});
  given.boot_loader = false;
  CHECK(describe(explain(given)) == "direct kernel boot");
}

TEST_CASE("hostile entries change nothing") {
  CHECK(describe(explain(evidence({"", "bulkhead_.efi", "bulkhead_99999999999999999999.0.0+0-3.efi", "\x1b[2J",
                                   std::string(100'000, 'a')}))) == "newest");
}
