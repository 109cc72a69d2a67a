#include "node/console/banner.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::console;

namespace {

NodeView example() {
  return {.product = "Bulkhead",
          .variant = "kvm",
          .running = {.slot = gpt::Slot::a,
                      .version = Version::parse("0.1.0").value(),
                      .reason = slots::Reason::newest,
                      .trial = {},
                      .newer = {}},
          .addresses = {{"enp0s2", "10.0.2.15"}},
          .failed_units = {},
          .boot_complete = true,
          .blessed = false};
}

}  // namespace

TEST_CASE("the banner tells product, slot and why, addresses and state") {
  CHECK(banner(example()) ==
        "Bulkhead 0.1.0 (kvm)\n"
        "  slot      A (newest)\n"
        "  network   enp0s2 10.0.2.15\n"
        "  state     ready\n");
}

TEST_CASE("the status line is stable") {
  CHECK(status_line(example()) ==
        "bulkhead: state=ready slot=A version=0.1.0 boot=newest variant=kvm addresses=10.0.2.15 failed= problems=0\n");
}

TEST_CASE("a node is starting until the boot is complete") {
  NodeView view = example();
  view.boot_complete = false;
  CHECK(state_of(view) == "starting");
}

TEST_CASE("a trial boot is ready when it is blessed") {
  NodeView view = example();
  view.running.reason = slots::Reason::trial;
  view.running.trial = {.left = 2, .done = 1};
  CHECK(state_of(view) == "starting");
  view.blessed = true;
  CHECK(state_of(view) == "ready");
  CHECK(banner(view).contains("A (trial boot 1 of 3, blessed)\n"));
}

TEST_CASE("any failed unit makes the node degraded, and is named") {
  NodeView view = example();
  view.failed_units = {"containerd.service", "var.mount"};
  CHECK(banner(view).ends_with("  state     degraded: containerd.service, var.mount\n"));
  CHECK(status_line(view).ends_with("failed=containerd.service,var.mount problems=0\n"));
  view.boot_complete = false;
  CHECK(state_of(view) == "degraded");
}

TEST_CASE("a development image says so") {
  NodeView view = example();
  CHECK(!banner(view).contains("DEVELOPMENT"));
  view.variant = "kvm-dev";
  CHECK(banner(view).contains("DEVELOPMENT IMAGE"));
}

TEST_CASE("a node without an address and without a known slot says that") {
  NodeView view = example();
  view.addresses.clear();
  view.running.slot.reset();
  CHECK(banner(view).contains("network   no address yet\n"));
  CHECK(banner(view).contains("slot      ? ("));
}

TEST_CASE("names from outside cannot steer the terminal or forge a line") {
  NodeView view = example();
  view.failed_units = {"a\x1b[2J\nbulkhead: state=ready"};
  CHECK(!banner(view).contains('\x1b'));
  CHECK(status_line(view).find('\n') == status_line(view).size() - 1);
}

TEST_CASE("a long list is cut") {
  NodeView view = example();
  for (int i = 0; i < 100; ++i) view.failed_units.insert(std::format("unit{:03}.service", i));
  CHECK(banner(view).ends_with("unit007.service, and 92 more\n"));
}
