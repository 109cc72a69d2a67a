#include "lib/node_state/node_state.hpp"

#include <catch2/catch_test_macros.hpp>

namespace bulkhead::node_state {
namespace {

TEST_CASE("a state line gives the state and its fields") {
  const auto state =
      parse_status_line(R"(bulkhead: state=degraded slot=A version=1.2.3 reason="two units failed" last)");
  REQUIRE(state);
  CHECK(state->state == State::degraded);
  CHECK(state->field("slot") == "A");
  CHECK(state->field("reason") == "two units failed");
  CHECK(state->fields.contains("last"));
  CHECK(state->field("nothing").empty());
}

TEST_CASE("a message of the kernel may stand before a state line") {
  const auto state = parse_status_line("[   12.3] random: bulkhead: state=ready slot=B");
  REQUIRE(state);
  CHECK(state->state == State::ready);
}

TEST_CASE("other lines carry no state") {
  for (const char* line : {"", "bulkhead: hello", "state=ready", "bulkhead: state=", "bulkhead: state=\"\"",
                           "bulkhead: state= ready", "bulkhead: state=readyish slot=A"}) {
    INFO(line);
    CHECK_FALSE(parse_status_line(line));
  }
}

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

TEST_CASE("the status line is stable") {
  CHECK(status_line(example()) ==
        "bulkhead: state=ready slot=A version=0.1.0 boot=newest variant=kvm addresses=10.0.2.15 failed= problems=0\n");
}

TEST_CASE("what a node says of itself is read back") {
  NodeState node = example();
  node.failed_units = {"containerd.service", "var.mount"};
  node.problems = {"user data: no"};
  const auto line = parse_status_line(status_line(node));
  REQUIRE(line);
  CHECK(line->state == State::degraded);
  CHECK(line->field("slot") == "A");
  CHECK(line->field("version") == "0.1.0");
  CHECK(line->field("failed") == "containerd.service,var.mount");
}

TEST_CASE("every state has a word of its own") {
  for (const State state : {State::starting, State::ready, State::degraded})
    CHECK(parse_state(to_string(state)) == state);
  CHECK(!parse_state("READY"));
}

TEST_CASE("a node is starting until the boot is complete") {
  NodeState node = example();
  CHECK(state_of(node) == State::ready);
  node.boot_complete = false;
  CHECK(state_of(node) == State::starting);
}

TEST_CASE("a trial boot is ready when it is blessed") {
  NodeState node = example();
  node.running.reason = slots::Reason::trial;
  node.running.trial = {.left = 2, .done = 1};
  CHECK(state_of(node) == State::starting);
  node.blessed = true;
  CHECK(state_of(node) == State::ready);
}

TEST_CASE("a failed unit or a problem makes a node degraded, before and after the boot is complete") {
  for (const bool complete : {false, true}) {
    NodeState node = example();
    node.boot_complete = complete;
    node.failed_units = {"containerd.service"};
    CHECK(state_of(node) == State::degraded);
    node.failed_units.clear();
    node.problems = {"user data: no"};
    CHECK(state_of(node) == State::degraded);
  }
}

TEST_CASE("a text of problems says whether all stored settings are in effect") {
  CHECK_FALSE(settings_not_in_effect(""));
  CHECK_FALSE(settings_not_in_effect("remote listener: no\nuser data: setting motd: no\n"));
  CHECK_FALSE(settings_not_in_effect("seed: configuration: no\nsettings of others: no\nconfigurations: no\n"));
  CHECK(settings_not_in_effect("remote listener: no\nsetting motd: is stored, but not in effect\n"));
  CHECK(settings_not_in_effect("seed: no\nsettings: a record of the datastore is damaged; the node runs with …\n"));
  CHECK(settings_not_in_effect("configuration: no\n"));
}

TEST_CASE("names from outside cannot forge a line") {
  NodeState node = example();
  node.failed_units = {"a\x1b[2J\nbulkhead: state=ready"};
  CHECK(status_line(node).find('\n') == status_line(node).size() - 1);
}

}  // namespace
}  // namespace bulkhead::node_state
