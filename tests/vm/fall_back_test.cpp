// Slot B is newer and broken in some way: the node comes back on slot A by itself, and says why.
#include <stdlib.h>

#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

struct Slots {
  BuiltImage a = BuiltImage::of_variant("kvm");
  BuiltImage b = BuiltImage::of_variant("kvm-next");
  ScratchDisk disk{a};

  // Slot A was blessed long ago.
  Slots() {
    const std::string trial = std::format("bulkhead_{}+3.efi", a.version().to_string());
    disk.put_uki(std::format("bulkhead_{}.efi", a.version().to_string()), disk.uki(trial));
    disk.remove_uki(trial);
  }

  // With one of its three tries left, so that a test need not wait for all of them.
  std::string last_try() const { return std::format("bulkhead_{}+1-2.efi", b.version().to_string()); }
  std::string used_up() const { return std::format("bulkhead_{}+0-3.efi", b.version().to_string()); }
};

// Boots until slot A is ready and checks that it says why it runs.
void check_comes_back_on_a(const Slots& slots, Node& node) {
  const node_state::StatusLine state = node.wait_for_state(node_state::State::ready, kFallBackTime);
  CHECK(state.field("slot") == "A");
  CHECK(state.field("version") == slots.a.version().to_string());
  CHECK(state.field("boot") == "fell-back");
  CHECK(node.console().raw().contains(std::format("fell back: {} failed", slots.b.version().to_string())));
  CHECK_FALSE(node.showed_state(node_state::State::ready, "B"));
  must(node.machine().cut_power());
  const auto names = slots.disk.uki_names();
  CHECK(std::ranges::find(names, slots.used_up()) != names.end());
}

TEST_CASE("a UKI that nobody enrolled has signed is not started, three times, and then slot A is") {
  const Slots slots;
  slots.disk.put_uki(std::format("bulkhead_{}+3.efi", slots.b.version().to_string()),
                     slots.b.changed_uki({}, stranger_keys()));
  Node node(slots.disk, "fall-back-stranger");
  check_comes_back_on_a(slots, node);
}

TEST_CASE("a UKI with a damaged kernel is not started, and slot A is") {
  const Slots slots;
  std::string uki = slots.b.uki();
  uki[uki.size() / 2] = static_cast<char>(~uki[uki.size() / 2]);
  slots.disk.put_uki(slots.last_try(), uki);
  Node node(slots.disk, "fall-back-damaged");
  check_comes_back_on_a(slots, node);
}

TEST_CASE("a kernel that panics uses up its tries, and slot A starts") {
  const Slots slots;
  slots.disk.put_uki(slots.last_try(),
                     slots.b.changed_uki({.more_command_line = "rdinit=/none panic=1"}, owner_keys()));
  Node node(slots.disk, "fall-back-panic");
  must(node.machine().wait_for_line(vm::Pattern::text("Kernel panic"), vm::after(kBootTime)));
  check_comes_back_on_a(slots, node);
}

TEST_CASE("an initrd that hangs is ended by the watchdog, and slot A starts") {
  const Slots slots;
  const char* program = ::getenv("BULKHEAD_HANGING_INIT");  // NOLINT(concurrency-mt-unsafe)
  REQUIRE(program != nullptr);
  slots.disk.put_uki(slots.last_try(), slots.b.changed_uki({.more_initrd = initrd_with(program)}, owner_keys()));
  Node node(slots.disk, "fall-back-hang");
  must(node.machine().wait_for_line(vm::Pattern::text("watchdog armed, hanging"), vm::after(kBootTime)));
  must(node.machine().wait_for_event("WATCHDOG", vm::after(kBootTime)));
  check_comes_back_on_a(slots, node);
}

TEST_CASE("a version whose health gate does not open is given up, and slot A starts") {
  const Slots slots;
  slots.disk.fill_slot_b(slots.b);
  // Go programs, of which containerd is the only one that the gate waits for, do not start with this in the
  // environment.
  slots.disk.put_uki(slots.last_try(),
                     slots.b.changed_uki({.more_command_line = "systemd.setenv=GOMEMLIMIT=broken"}, owner_keys()));
  Node node(slots.disk, "fall-back-unhealthy");
  must(node.machine().wait_for_line(vm::Pattern::text("This trial boot failed."), vm::after(kBootTime)));
  check_comes_back_on_a(slots, node);
}

}  // namespace
}  // namespace bulkhead::testing
