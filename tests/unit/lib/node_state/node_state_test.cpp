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

}  // namespace
}  // namespace bulkhead::node_state
