#include "lib/vm/node_state.hpp"

#include <catch2/catch_test_macros.hpp>

namespace bulkhead::vm {
namespace {

TEST_CASE("a state line gives the state and its fields") {
  const auto state =
      parse_node_state(R"(bulkhead: state=degraded slot=A version=1.2.3 reason="two units failed" last)");
  REQUIRE(state);
  CHECK(state->state == "degraded");
  CHECK(state->field("slot") == "A");
  CHECK(state->field("reason") == "two units failed");
  CHECK(state->fields.contains("last"));
  CHECK(state->field("nothing").empty());
}

TEST_CASE("a message of the kernel may stand before a state line") {
  const auto state = parse_node_state("[   12.3] random: bulkhead: state=ready slot=B");
  REQUIRE(state);
  CHECK(state->state == "ready");
}

TEST_CASE("other lines carry no state") {
  for (const char* line :
       {"", "bulkhead: hello", "state=ready", "bulkhead: state=", "bulkhead: state=\"\"", "bulkhead: state= ready"}) {
    INFO(line);
    CHECK_FALSE(parse_node_state(line));
  }
}

}  // namespace
}  // namespace bulkhead::vm
