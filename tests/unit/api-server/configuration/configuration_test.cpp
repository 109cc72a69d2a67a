#include "api-server/configuration/configuration.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"
#include "tests/unit/api-server/apply/fake_machine.hpp"

using namespace bulkhead;
using namespace bulkhead::configuration;
using bulkhead::testing::must;

namespace {

constexpr const char* kTime = "systemd-timesyncd.service";

auto fixed_clock() {
  return [] { return std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(1'700'000'000'123)); };
}

// A disk that may be full.
class FullDisk final : public datastore::Storage {
 public:
  explicit FullDisk(const bool& full) : full_(full) {}
  Result<std::string> read() override { return inner_.read(); }
  Result<> append(std::string_view bytes) override { return full_ ? refuse() : inner_.append(bytes); }
  Result<> truncate(std::uint64_t size) override { return inner_.truncate(size); }
  Result<> replace(std::string_view bytes) override { return full_ ? refuse() : inner_.replace(bytes); }

 private:
  static Result<> refuse() { return fail(errno_error(ENOSPC, "writing")); }
  const bool& full_;
  datastore::MemoryStorage inner_;
};

struct Node {
  sys::TempDir directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  bulkhead::testing::FakeSystemd systemd;
  bulkhead::testing::FakeKernel kernel;
  apply::Applier applier{directory.path(), systemd, kernel};
  std::chrono::steady_clock::time_point now{};
  bool disk_full = false;
  bool access_is_bad = false;
  bool busy = false;  // jobs wait in `aside` until they are let go
  std::deque<std::pair<std::function<void()>, std::function<void()>>> aside;
  std::vector<std::string> events;
  Configuration configuration{
      {.store = must(datastore::Datastore::open(std::make_unique<FullDisk>(disk_full), fixed_clock())),
       .applier = applier,
       .aside =
           [this](auto work, auto then) {
             if (busy) return aside.emplace_back(work, then), void();
             work();
             then();
           },
       .clock = [this] { return now; },
       .events = [this](std::string_view name,
                        const Json& data) { events.push_back(std::format("{} {}", name, data.value("state", ""))); },
       .check_access = [this](const settings::Api&) -> Result<> {
         if (access_is_bad) return fail(ErrorCode::invalid_argument, "no certificate");
         return {};
       }}};

  Node() {
    configuration.set_facts(Json::object(), {.hostname = "node"});
    must(configuration.apply_now());
    systemd.states = {{kTime, "active"}};
  }

  Result<Outcome> commit(const std::string& transaction, std::optional<std::chrono::seconds> try_for = {}) {
    Result<Outcome> result = fail(ErrorCode::internal, "not called back");
    configuration.commit({.transaction = transaction, .author = "test", .apply = true, .try_for = try_for},
                         [&](Result<Outcome> done) { result = std::move(done); });
    return result;
  }
  void stage(const std::string& transaction, const Json& document) { must(configuration.stage(transaction, document)); }
  std::string effective(const std::string& key) const {
    return configuration.effective().value(Json::json_pointer(key), Json()).dump();
  }
  std::string times() const {
    const auto text = sys::read_file(directory.path() / "etc/systemd/timesyncd.conf.d/60-settings.conf");
    return text.value_or("");
  }
};

const Json kServers = {{"ntp", {{"time-servers", {"time.example.com"}}}}};

}  // namespace

TEST_CASE("a commit is checked, applied and stored, in that order") {
  Node node;
  node.stage("t", kServers);
  const TransactionPlan plan = must(node.configuration.plan("t"));
  CHECK(plan.changes.size() == 1);
  CHECK_FALSE(plan.apply.files.empty());
  CHECK_FALSE(node.times().contains("time.example.com"));
  const Outcome outcome = must(node.commit("t"));
  CHECK(outcome.commit == 1);
  CHECK(node.times().contains("time.example.com"));
  CHECK(node.systemd.acts == std::vector<std::string>{std::string("restart ") + kTime});
  CHECK(node.effective("/ntp/time-servers") == R"(["time.example.com"])");
  CHECK(node.events == std::vector<std::string>{"apply ", "commit "});
}

TEST_CASE("what a service does not take is not stored") {
  Node node;
  const std::string before = node.times();
  node.systemd.broken = {kTime};
  node.systemd.failures_left = 1;
  node.stage("t", kServers);
  const auto refused = node.commit("t");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(node.configuration.store().last_commit() == 0);
  CHECK(node.configuration.store().live().empty());
  CHECK(node.times() == before);
  // The transaction stays, to be looked at or tried again.
  CHECK(must(node.commit("t")).commit == 1);
}

TEST_CASE("what cannot be stored is taken back from the services") {
  Node node;
  const std::string before = node.times();
  node.disk_full = true;
  node.stage("t", kServers);
  const auto refused = node.commit("t");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().describe().contains("No space left"));
  CHECK(node.times() == before);
  CHECK(node.systemd.acts.size() == 2);
  CHECK(node.effective("/ntp/time-servers").contains("debian"));
}

TEST_CASE("a try is in force, and stored when it is confirmed") {
  Node node;
  node.stage("t", kServers);
  CHECK(must(node.commit("t", std::chrono::seconds(60))).commit == 0);
  CHECK(node.times().contains("time.example.com"));
  CHECK(node.configuration.store().live().empty());
  REQUIRE(node.configuration.current_try());
  CHECK(node.configuration.current_try()->deadline == node.now + std::chrono::seconds(60));
  Result<Outcome> confirmed;
  node.configuration.confirm([&](Result<Outcome> done) { confirmed = std::move(done); });
  CHECK(must(confirmed).commit == 1);
  CHECK_FALSE(node.configuration.current_try());
  CHECK(node.configuration.store().live().size() == 1);
}

TEST_CASE("a try that is reverted leaves nothing behind") {
  Node node;
  const std::string before = node.times();
  node.stage("t", kServers);
  must(node.commit("t", std::chrono::seconds(60)));
  node.configuration.revert("its time was over", [](const Result<Outcome>& done) { CHECK(done); });
  CHECK(node.times() == before);
  CHECK_FALSE(node.configuration.current_try());
  CHECK(node.configuration.store().transactions().empty());
  CHECK(node.effective("/ntp/time-servers").contains("debian"));
}

TEST_CASE("while a try is open nothing else comes into force, and its transaction cannot change") {
  Node node;
  node.stage("t", kServers);
  must(node.commit("t", std::chrono::seconds(60)));
  CHECK(node.configuration.stage("t", {{"motd", "x"}}).error().code == ErrorCode::locked);
  node.stage("other", {{"motd", "x"}});
  CHECK(node.commit("other").error().code == ErrorCode::locked);
  CHECK(node.configuration.drop("t").error().code == ErrorCode::locked);
  node.configuration.confirm([](const Result<Outcome>& done) { CHECK(done); });
  CHECK(must(node.commit("other")).commit == 2);
}

TEST_CASE("changes wait for the one in work, and each is checked when its turn comes") {
  Node node;
  node.stage("a", {{"motd", "first"}});
  node.stage("b", {{"motd", "second"}});
  node.busy = true;
  std::vector<std::string> results;
  for (const char* name : {"a", "b"})
    node.configuration.commit({.transaction = name, .author = "test"}, [&results, name](const Result<Outcome>& done) {
      results.push_back(std::format("{} {}", name, done ? "done" : to_string(done.error().code)));
    });
  CHECK(results.empty());
  REQUIRE(node.aside.size() == 1);
  auto [work, then] = node.aside.front();
  work();
  then();
  CHECK(results == std::vector<std::string>{"a done", "b aborted"});
}

TEST_CASE("facts that come while a change is being applied are checked with the next one") {
  Node node;
  node.stage("slow", {{"motd", "x"}});
  node.busy = true;
  node.configuration.commit({.transaction = "slow", .author = "admin"},
                            [](const Result<Outcome>& done) { CHECK(done); });
  node.configuration.set_facts({{"network", {{"hostname", "not a host name"}}}}, {.hostname = "node"});
  auto [work, then] = node.aside.front();
  work();
  then();
  Result<Outcome> next;
  node.configuration.apply({}, [&](Result<Outcome> done) { next = std::move(done); });
  REQUIRE_FALSE(next);
  CHECK(next.error().message.starts_with("network.hostname:"));
}

TEST_CASE("who may not change access cannot slip it in behind a change that is being applied") {
  Node node;
  node.stage("slow", {{"motd", "x"}});
  node.stage("mine", {{"motd", "y"}});
  node.busy = true;
  node.configuration.commit({.transaction = "slow", .author = "admin"},
                            [](const Result<Outcome>& done) { CHECK(done); });
  Result<Outcome> mine;
  node.configuration.commit({.transaction = "mine", .author = "operator", .may_change_access = false},
                            [&](Result<Outcome> done) { mine = std::move(done); });
  must(node.configuration.drop("mine"));
  node.stage("mine", {{"api", {{"listen-port", 9443}}}});
  auto [work, then] = node.aside.front();
  work();
  then();
  REQUIRE_FALSE(mine);
  CHECK(mine.error().code == ErrorCode::permission_denied);
  CHECK(node.configuration.store().last_commit() == 1);
}

TEST_CASE("a thousand changes that are over at once do not pile up") {
  Node node;
  for (int i = 0; i < 1000; ++i) {
    node.stage("t", {{"motd", std::to_string(i)}});
    node.configuration.commit({.transaction = "t", .author = "test", .apply = false},
                              [](const Result<Outcome>& done) { CHECK(done); });
  }
  CHECK(node.configuration.store().last_commit() == 1000);
}

TEST_CASE("a node that is locked down takes no change") {
  Node node;
  node.stage("t", {{"motd", "x"}});
  node.configuration.lock_down();
  CHECK(node.configuration.stage("t", {{"motd", "y"}}).error().code == ErrorCode::locked);
  CHECK(node.commit("t").error().code == ErrorCode::locked);
}

TEST_CASE("unsetting a table unsets what is in it, and a key that is not set is told") {
  Node node;
  node.stage("t", {{"kernel", {{"sysctl", {{"a.b", "1"}, {"c.d", "2"}}}}}, {"motd", "x"}});
  must(node.commit("t"));
  must(node.configuration.stage_unset("u", {"kernel.sysctl"}));
  CHECK(must(node.commit("u")).changes.size() == 2);
  CHECK(node.configuration.stage_unset("u", {"kernel.sysctl"}).error().code == ErrorCode::not_found);
  CHECK(node.configuration.stage_unset("u", {"kernel.sysctk"}).error().code == ErrorCode::not_found);
}

TEST_CASE("assignments are typed by the declarations") {
  Node node;
  must(node.configuration.stage_texts(
      "t", {"motd=a=b", "updates.seed=7", R"(kernel.sysctl."x.y"=1)", R"(dns={"search-list": ["a.example"]})"}));
  must(node.commit("t"));
  CHECK(node.effective("/motd") == R"("a=b")");
  CHECK(node.effective("/updates/seed") == "7");
  CHECK(node.effective("/kernel/sysctl") == R"({"x.y":"1"})");
  CHECK(node.effective("/dns/search-list") == R"(["a.example"])");
  CHECK(node.configuration.stage_texts("t", {"motd"}).error().code == ErrorCode::invalid_argument);
  CHECK(node.configuration.stage_texts("t", {"updates.seed=soon"}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("settings that do not go together are refused before anything happens") {
  Node node;
  for (const Json& document :
       {Json{{"sandbox", {{"default-runtime", "crun"}, {"allowed-runtimes", {"gvisor"}}}}},
        Json{{"api", {{"certificate", ""}}}}, Json{{"health", {{"checks", {{"web", {{"timeout", "1s"}}}}}}}},
        Json{{"network", {{"interfaces", {{"vlan1", {{"kind", "vlan"}}}}}}}}}) {
    if (const auto staged = node.configuration.stage("t", document)) {
      CHECK_FALSE(node.configuration.plan("t"));
      CHECK_FALSE(node.commit("t"));
      must(node.configuration.drop("t"));
    }
  }
  CHECK(node.configuration.store().last_commit() == 0);
}

TEST_CASE(
    "a listener that could not start is refused, and what is stored of one keeps nothing else from being changed") {
  Node node;
  const Json access = {{"api", {{"client-ca", ""}}}};
  node.access_is_bad = true;
  node.stage("bad", access);
  CHECK(node.configuration.plan("bad").error().code == ErrorCode::invalid_argument);
  CHECK(node.commit("bad").error().code == ErrorCode::invalid_argument);
  CHECK(node.configuration.store().last_commit() == 0);
  must(node.configuration.drop("bad"));

  node.access_is_bad = false;
  node.stage("old", access);
  must(node.commit("old"));
  node.access_is_bad = true;
  node.stage("other", kServers);
  CHECK(node.commit("other"));
}

TEST_CASE("secrets are in no plan, no history and no redacted settings") {
  Node node;
  const Json document = {
      {"container-registry", {{"credentials", {{{"registry", "a.example"}, {"password", "hunter2"}}}}}}};
  node.stage("t", document);
  const TransactionPlan plan = must(node.configuration.plan("t"));
  CHECK_FALSE(json_of(plan, node.configuration.store().live()).dump().contains("hunter2"));
  const Outcome outcome = must(node.commit("t"));
  CHECK_FALSE(json_of(outcome).dump().contains("hunter2"));
  CHECK_FALSE(node.configuration.effective_redacted().dump().contains("hunter2"));
  CHECK(node.configuration.effective().dump().contains("hunter2"));
}

// Any sequence of staging, unsetting, committing and going back leaves what a plain map would have.
TEST_CASE("settings behave like a map with a history") {
  Node node;
  std::mt19937 random(7);
  const auto pick = [&](std::size_t count) { return random() % count; };
  std::map<std::string, std::string> live;
  std::vector<std::map<std::string, std::string>> history = {{}};
  const std::vector<std::string> keys = {"a.a", "a.b", "b.a", "c.c"};
  for (int round = 0; round < 400; ++round) {
    std::map<std::string, std::string> next = live;
    bool staged = false;
    for (std::size_t step = pick(4); step > 0; --step) {
      const std::string& key = keys[pick(keys.size())];
      if (pick(3) == 0) {
        const bool done = node.configuration.stage_unset("t", {std::format("kernel.sysctl.\"{}\"", key)}).has_value();
        CHECK(done == next.contains(key));
        next.erase(key);
        staged = staged || done;
      } else {
        const std::string value = std::to_string(pick(5));
        must(node.configuration.stage_texts("t", {std::format("kernel.sysctl.\"{}\"={}", key, value)}));
        next[key] = value;
        staged = true;
      }
    }
    if (!staged) {
      const std::size_t back = pick(std::min<std::size_t>(history.size(), datastore::kHistory));
      const std::uint64_t commit = history.size() - 1 - back;
      must(node.configuration.stage_rollback("t", commit));
      next = history[commit];
    }
    const Outcome done = must(node.commit("t"));
    CHECK((done.commit != 0) == (next != live));
    if (done.commit != 0) history.push_back(next);
    live = next;
    const Json sysctl = node.configuration.effective().value(Json::json_pointer("/kernel/sysctl"), Json::object());
    CHECK(sysctl == Json(live));
  }
}
