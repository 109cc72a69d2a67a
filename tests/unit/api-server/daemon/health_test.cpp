#include "api-server/daemon/health.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/must.hpp"
#include "tests/unit/api-server/http/fake_stream.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::FakeStream;
using bulkhead::testing::must;

namespace {

struct HealthFixture {
  handlers::EventHub events;
  node_state::NodeState state;
  int ready = 0;
  Health health{events, [this] { return state; }, [this] { ++ready; }};
  std::shared_ptr<FakeStream> stream = std::make_shared<FakeStream>();

  HealthFixture() { must(events.listen(stream)); }
};

}  // namespace

TEST_CASE("there is one event for each change of health") {
  HealthFixture fixture;
  fixture.health.look();
  fixture.health.look();
  REQUIRE(fixture.stream->chunks.size() == 1);
  CHECK(fixture.stream->chunks[0].starts_with("event: health\n"));
  fixture.state.problems = {"seed: no space"};
  fixture.health.look();
  fixture.health.look();
  REQUIRE(fixture.stream->chunks.size() == 2);
  CHECK(fixture.stream->chunks[1].contains("seed: no space"));
  CHECK(fixture.stream->chunks[1].contains("degraded"));
  fixture.state.addresses = {{.interface = "eth0", .text = "10.0.0.9"}};  // no part of its health
  fixture.health.look();
  CHECK(fixture.stream->chunks.size() == 2);
  fixture.state.problems.clear();
  fixture.health.look();
  CHECK(fixture.stream->chunks.size() == 3);
}

TEST_CASE("a node is told to be ready when its boot is complete and nothing is wrong") {
  HealthFixture fixture;
  fixture.health.look();
  fixture.state.problems = {"seed: no space"};
  fixture.state.boot_complete = true;
  fixture.health.look();
  CHECK(fixture.ready == 0);
  fixture.state.problems.clear();
  fixture.health.look();
  CHECK(fixture.ready == 1);
}
