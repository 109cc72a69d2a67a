#include "node/console/banner.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using node_state::NodeState;

namespace {

std::string banner_of(const NodeState& node) { return console::banner("Bulkhead", node); }

NodeState example() {
  return {.variant = "kvm",
          .running = {.slot = gpt::Slot::a,
                      .version = Version::parse("0.1.0").value(),
                      .reason = slots::Reason::newest,
                      .trial = {},
                      .newer = {}},
          .addresses = {{"enp0s2", "10.0.2.15"}},
          .boot_complete = true};
}

}  // namespace

TEST_CASE("the banner tells product, slot and why, addresses and state") {
  CHECK(banner_of(example()) ==
        "Bulkhead 0.1.0 (kvm)\n"
        "  slot      A (newest)\n"
        "  network   enp0s2 10.0.2.15\n"
        "  state     ready\n");
}

TEST_CASE("the banner of a trial boot says which try it is, and that it is blessed") {
  NodeState node = example();
  node.running.reason = slots::Reason::trial;
  node.running.trial = {.left = 2, .done = 1};
  node.blessed = true;
  CHECK(banner_of(node).contains("A (trial boot 1 of 3, blessed)\n"));
}

TEST_CASE("failed units and problems are named") {
  NodeState node = example();
  node.failed_units = {"containerd.service", "var.mount"};
  CHECK(banner_of(node).ends_with("  state     degraded: containerd.service, var.mount\n"));
  node.failed_units.clear();
  node.problems = {"user data: cidata: no"};
  CHECK(banner_of(node).ends_with("  state     degraded\n  problem   user data: cidata: no\n"));
}

TEST_CASE("a development image says so") {
  NodeState node = example();
  CHECK(!banner_of(node).contains("DEVELOPMENT"));
  node.variant = "kvm-dev";
  CHECK(banner_of(node).contains("DEVELOPMENT IMAGE"));
}

TEST_CASE("a node without an address and without a known slot says that") {
  NodeState node = example();
  node.addresses.clear();
  node.running.slot.reset();
  CHECK(banner_of(node).contains("network   no address yet\n"));
  CHECK(banner_of(node).contains("slot      ? ("));
}

TEST_CASE("names from outside cannot steer the terminal") {
  NodeState node = example();
  node.failed_units = {"a\x1b[2J\nbulkhead: state=ready"};
  CHECK(!banner_of(node).contains('\x1b'));
  CHECK(!banner_of(node).contains("\nbulkhead:"));
}

TEST_CASE("a long list is cut") {
  NodeState node = example();
  for (int i = 0; i < 100; ++i) node.failed_units.insert(std::format("unit{:03}.service", i));
  CHECK(banner_of(node).ends_with("unit007.service, and 92 more\n"));
}
