#include "api-server/daemon/try_timer.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/configuration/fake_node.hpp"
#include "tests/unit/api-server/daemon/fake_timer.hpp"

using namespace bulkhead;
using namespace bulkhead::daemon;
using bulkhead::testing::FakeNode;
using bulkhead::testing::FakeTimer;
using bulkhead::testing::must;
using bulkhead::testing::tester;

namespace {

constexpr auto kMinute = std::chrono::seconds(60);
const settings::Json kServers = {{"ntp", {{"time-servers", {"time.example.com"}}}}};

struct TryTimerFixture {
  FakeNode node;
  FakeTimer timer;
  log::Log log{log::Log::Sink::standard_error};
  handlers::Audit audit{log, [] { return std::chrono::sys_time<std::chrono::microseconds>(); }};
  ProblemList problems{log, std::nullopt, [] {}};
  TryTimer try_timer{timer, node.configuration, audit, problems};

  TryTimerFixture() {
    node.on_event = [this](std::string_view name, const settings::Json&) {
      if (name == "try") try_timer.follow();
    };
  }
  void begin_try(const std::string& transaction, const settings::Json& document) {
    node.stage(transaction, document);
    must(node.commit(transaction, kMinute));
  }
  bool open() const { return node.configuration.current_try().has_value(); }
  // Records of the node itself, which no journal of the machine has a part in.
  std::vector<std::string> records() const {
    std::vector<std::string> found;
    for (const auto& record : audit.newest(100)) {
      if (record["author"] == "node")
        found.push_back(record["action"].get<std::string>() + " " + record["result"].get<std::string>());
    }
    return found;
  }
};

}  // namespace

TEST_CASE("a try ends when its deadline comes, and the audit trail has it") {
  TryTimerFixture fixture;
  const std::string before = fixture.node.times();
  fixture.begin_try("t", kServers);
  CHECK(fixture.timer.deadline == fixture.node.now + kMinute);
  CHECK(fixture.open());
  REQUIRE(fixture.timer.expire());
  CHECK_FALSE(fixture.open());
  CHECK(fixture.node.times() == before);
  CHECK(fixture.records() == std::vector<std::string>{"revert done"});
  CHECK(fixture.problems.lines().empty());
  CHECK_FALSE(fixture.timer.running());
}

TEST_CASE("a try that is confirmed or reverted has no deadline any more") {
  TryTimerFixture fixture;
  fixture.begin_try("a", kServers);
  fixture.node.configuration.confirm(tester(), [](const auto& done) { CHECK(done); });
  CHECK_FALSE(fixture.timer.running());
  fixture.begin_try("b", {{"motd", "x"}});
  CHECK(fixture.timer.running());
  fixture.node.configuration.revert("by hand", [](const auto& done) { CHECK(done); });
  CHECK_FALSE(fixture.timer.running());
  CHECK(fixture.records().empty());
}

TEST_CASE("the next try has a deadline of its own") {
  TryTimerFixture fixture;
  fixture.begin_try("a", kServers);
  fixture.node.configuration.confirm(tester(), [](const auto& done) { CHECK(done); });
  fixture.node.now += kMinute;
  fixture.begin_try("b", {{"motd", "x"}});
  CHECK(fixture.timer.deadline == fixture.node.now + kMinute);
  CHECK(fixture.timer.times_set == 2);
  REQUIRE(fixture.timer.expire());
  CHECK_FALSE(fixture.open());
  CHECK(fixture.node.times().contains("time.example.com"));
}

TEST_CASE("a service that does not come back when a try ends is a problem, until one does") {
  TryTimerFixture fixture;
  fixture.begin_try("t", kServers);
  fixture.node.systemd.broken = {bulkhead::testing::kTimeUnit};
  REQUIRE(fixture.timer.expire());
  CHECK_FALSE(fixture.open());
  CHECK(fixture.records() == std::vector<std::string>{"revert failed"});
  REQUIRE(fixture.problems.lines().size() == 1);
  CHECK(fixture.problems.lines().front().starts_with("try: "));

  fixture.node.systemd.broken.clear();
  fixture.begin_try("u", {{"motd", "x"}});
  REQUIRE(fixture.timer.expire());
  CHECK(fixture.problems.lines().empty());
}

TEST_CASE("a deadline that comes while somebody reverts is neither a failure nor a problem") {
  TryTimerFixture fixture;
  fixture.begin_try("t", kServers);
  fixture.node.busy = true;
  fixture.node.configuration.revert("by hand", [](const auto& done) { CHECK(done); });
  REQUIRE(fixture.timer.expire());
  fixture.node.finish_job();
  CHECK_FALSE(fixture.open());
  CHECK(fixture.records().empty());
  CHECK(fixture.problems.lines().empty());
}
