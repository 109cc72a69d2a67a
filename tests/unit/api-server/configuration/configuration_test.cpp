#include "api-server/configuration/configuration.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

#include "tests/unit/api-server/configuration/fake_node.hpp"

using namespace bulkhead;
using namespace bulkhead::configuration;
using bulkhead::testing::must;
using bulkhead::testing::tester;

namespace {

constexpr const char* kTime = bulkhead::testing::kTimeUnit;
using Node = bulkhead::testing::FakeNode;

const Json kServers = {{"ntp", {{"time-servers", {"time.example.com"}}}}};

}  // namespace

TEST_CASE("a commit is checked, applied and stored, in that order") {
  Node node;
  node.stage("t", kServers);
  const TransactionPlan plan = must(node.configuration.plan("t"));
  CHECK(plan.changes.size() == 1);
  CHECK_FALSE(plan.apply.files.empty());
  CHECK_FALSE(node.times().contains("time.example.com"));
  const ChangeOutcome outcome = must(node.commit("t"));
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
  Result<ChangeOutcome> confirmed;
  node.configuration.confirm(tester(), [&](Result<ChangeOutcome> done) { confirmed = std::move(done); });
  CHECK(must(confirmed).commit == 1);
  CHECK_FALSE(node.configuration.current_try());
  CHECK(node.configuration.store().live().size() == 1);
}

TEST_CASE("a try that is reverted leaves nothing behind") {
  Node node;
  const std::string before = node.times();
  node.stage("t", kServers);
  must(node.commit("t", std::chrono::seconds(60)));
  // As a document and typed.
  const auto both = [&] {
    const Json typed = node.configuration.in_effect().to_json().at("ntp");
    CHECK(typed == node.configuration.effective().at("ntp"));
    return typed.dump();
  };
  CHECK(both().contains("time.example.com"));
  node.configuration.revert("its time had passed", [](const Result<ChangeOutcome>& done) { CHECK(done); });
  CHECK_FALSE(both().contains("time.example.com"));
  CHECK(node.times() == before);
  CHECK_FALSE(node.configuration.current_try());
  CHECK(node.configuration.store().transactions().empty());
  CHECK(node.effective("/ntp/time-servers").contains("debian"));
}

TEST_CASE("a try that began while a revert of another one waited stays open") {
  Node node;
  node.stage("first", kServers);
  node.stage("second", {{"motd", "x"}});
  must(node.commit("first", std::chrono::seconds(60)));
  node.busy = true;
  node.configuration.revert("by hand", [](const Result<ChangeOutcome>& done) { CHECK(done); });
  node.configuration.commit({.transaction = "second", .caller = tester(), .try_for = std::chrono::seconds(60)},
                            [](const Result<ChangeOutcome>& done) { CHECK(done); });
  Result<ChangeOutcome> late;
  node.configuration.revert("its time was over", [&](Result<ChangeOutcome> done) { late = std::move(done); }, "first");
  node.finish_job();
  node.finish_job();
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::not_found);
  REQUIRE(node.configuration.current_try());
  CHECK(node.configuration.current_try()->transaction == "second");
}

TEST_CASE("while a try is open nothing else comes into force, and its transaction cannot change") {
  Node node;
  node.stage("t", kServers);
  must(node.commit("t", std::chrono::seconds(60)));
  CHECK(node.configuration.stage(tester(), "t", {{"motd", "x"}}).error().code == ErrorCode::locked);
  node.stage("other", {{"motd", "x"}});
  CHECK(node.commit("other").error().code == ErrorCode::locked);
  CHECK(node.configuration.drop(tester(), "t").error().code == ErrorCode::locked);
  node.configuration.confirm(tester(), [](const Result<ChangeOutcome>& done) { CHECK(done); });
  CHECK(must(node.commit("other")).commit == 2);
}

TEST_CASE("changes wait for the one in work, and each is checked when its turn comes") {
  Node node;
  node.stage("a", {{"motd", "first"}});
  node.stage("b", {{"motd", "second"}});
  node.busy = true;
  std::vector<std::string> results;
  for (const char* name : {"a", "b"})
    node.configuration.commit(
        {.transaction = name, .caller = tester()}, [&results, name](const Result<ChangeOutcome>& done) {
          results.push_back(std::format("{} {}", name, done ? "done" : to_string(done.error().code)));
        });
  CHECK(results.empty());
  REQUIRE(node.jobs.size() == 1);
  node.finish_job();
  CHECK(results == std::vector<std::string>{"a done", "b aborted"});
}

TEST_CASE("facts that come while a change is being applied are checked with the next one") {
  Node node;
  node.stage("slow", {{"motd", "x"}});
  node.busy = true;
  node.configuration.commit({.transaction = "slow", .caller = tester("admin")},
                            [](const Result<ChangeOutcome>& done) { CHECK(done); });
  node.configuration.set_facts({{"network", {{"hostname", "not a host name"}}}}, {.hostname = "node"});
  node.finish_job();
  Result<ChangeOutcome> next;
  node.configuration.apply({}, [&](Result<ChangeOutcome> done) { next = std::move(done); });
  REQUIRE_FALSE(next);
  CHECK(next.error().message.starts_with("network.hostname:"));
}

TEST_CASE("who may not change access cannot slip it in behind a change that is being applied") {
  Node node;
  node.stage("slow", {{"motd", "x"}});
  node.stage("mine", {{"motd", "y"}});
  node.busy = true;
  node.configuration.commit({.transaction = "slow", .caller = tester("admin")},
                            [](const Result<ChangeOutcome>& done) { CHECK(done); });
  Result<ChangeOutcome> mine;
  node.configuration.commit({.transaction = "mine", .caller = tester("operator", Role::operator_role)},
                            [&](Result<ChangeOutcome> done) { mine = std::move(done); });
  must(node.configuration.drop(tester(), "mine"));
  node.stage("mine", {{"api", {{"listen-port", 9443}}}});
  node.finish_job();
  REQUIRE_FALSE(mine);
  CHECK(mine.error().code == ErrorCode::permission_denied);
  CHECK(node.configuration.store().last_commit() == 1);
}

TEST_CASE("when the executor drops a change, the next one has its turn") {
  Node node;
  node.stage("lost", {{"motd", "x"}});
  node.stage("next", {{"motd", "y"}});
  node.busy = true;
  node.configuration.commit({.transaction = "lost", .caller = tester()},
                            [](const Result<ChangeOutcome>&) { FAIL("nothing was applied"); });
  bool answered = false;
  node.configuration.commit({.transaction = "next", .caller = tester(), .apply = false},
                            [&](const Result<ChangeOutcome>& done) { answered = done.has_value(); });
  CHECK_FALSE(answered);
  node.jobs.clear();
  CHECK(answered);
  CHECK(node.effective("/motd") == R"("y")");
}

TEST_CASE("whoever throws when a change is over does not keep the next one from its turn") {
  Node node;
  node.stage("a", {{"motd", "x"}});
  node.busy = true;
  node.configuration.commit({.transaction = "a", .caller = tester()},
                            [](const Result<ChangeOutcome>&) { throw std::length_error("from a library"); });
  bool confirmed = true;
  node.configuration.confirm(tester(), [&](const Result<ChangeOutcome>& done) { confirmed = done.has_value(); });
  CHECK_THROWS_AS(node.finish_job(), std::length_error);
  CHECK_FALSE(confirmed);
  CHECK(node.configuration.store().last_commit() == 1);
}

TEST_CASE("what is asked for when a change is over comes after what waits already") {
  Node node;
  for (const char* name : {"a", "b", "c"}) node.stage(name, {{"kernel", {{"sysctl", {{name, "1"}}}}}});
  node.busy = true;
  std::vector<std::string> order;
  const auto commit = [&](const std::string& name, std::function<void()> then) {
    node.configuration.commit({.transaction = name, .caller = tester(), .apply = name == "a"},
                              [&order, name, then = std::move(then)](const Result<ChangeOutcome>& done) {
                                REQUIRE(done);
                                order.push_back("begin " + name);
                                then();
                                order.push_back("end " + name);
                              });
  };
  commit("a", [&] { commit("c", [] {}); });
  commit("b", [] {});
  node.finish_job();
  CHECK(order == std::vector<std::string>{"begin a", "end a", "begin b", "end b", "begin c", "end c"});
}

TEST_CASE("a thousand changes that are over at once do not pile up") {
  Node node;
  for (int i = 0; i < 1000; ++i) {
    node.stage("t", {{"motd", std::to_string(i)}});
    node.configuration.commit({.transaction = "t", .caller = tester(), .apply = false},
                              [](const Result<ChangeOutcome>& done) { CHECK(done); });
  }
  CHECK(node.configuration.store().last_commit() == 1000);
}

TEST_CASE("a table stands for the settings below it when services are notified") {
  Node node;
  Result<ChangeOutcome> outcome = fail(ErrorCode::internal, "not called back");
  node.configuration.apply({settings::Key({"ntp"})}, [&](Result<ChangeOutcome> done) { outcome = std::move(done); });
  must(outcome);
  CHECK(node.systemd.acts == std::vector<std::string>{std::string("restart ") + kTime});
  CHECK(affected_services(settings::Key({"motd"})) == std::set<std::string>{"motd"});
  CHECK(affected_services(settings::Key({"nothing"})).empty());
}

TEST_CASE("a node that is locked down takes no change") {
  Node node;
  node.stage("t", {{"motd", "x"}});
  node.configuration.lock_down();
  CHECK(node.configuration.stage(tester(), "t", {{"motd", "y"}}).error().code == ErrorCode::locked);
  CHECK(node.commit("t").error().code == ErrorCode::locked);
}

TEST_CASE("unsetting a table unsets what is in it, and a key that is not set is told") {
  Node node;
  node.stage("t", {{"kernel", {{"sysctl", {{"a.b", "1"}, {"c.d", "2"}}}}}, {"motd", "x"}});
  must(node.commit("t"));
  must(node.configuration.stage_unset(tester(), "u", {"kernel.sysctl"}));
  CHECK(must(node.commit("u")).changes.size() == 2);
  CHECK(node.configuration.stage_unset(tester(), "u", {"kernel.sysctl"}).error().code == ErrorCode::not_found);
  CHECK(node.configuration.stage_unset(tester(), "u", {"kernel.sysctk"}).error().code == ErrorCode::not_found);
}

TEST_CASE("assignments are typed by the declarations") {
  Node node;
  must(node.configuration.stage_texts(
      tester(), "t",
      {"motd=a=b", "updates.seed=7", R"(kernel.sysctl."x.y"=1)", R"(dns={"search-list": ["a.example"]})"}));
  must(node.commit("t"));
  CHECK(node.effective("/motd") == R"("a=b")");
  CHECK(node.effective("/updates/seed") == "7");
  CHECK(node.effective("/kernel/sysctl") == R"({"x.y":"1"})");
  CHECK(node.effective("/dns/search-list") == R"(["a.example"])");
  CHECK(node.configuration.stage_texts(tester(), "t", {"motd"}).error().code == ErrorCode::invalid_argument);
  CHECK(node.configuration.stage_texts(tester(), "t", {"updates.seed=soon"}).error().code ==
        ErrorCode::invalid_argument);
}

TEST_CASE("settings that do not go together are refused before anything happens") {
  Node node;
  for (const Json& document :
       {Json{{"sandbox", {{"default-runtime", "crun"}, {"allowed-runtimes", {"gvisor"}}}}},
        Json{{"sandbox", {{"allowed-runtimes", {"crun"}}}}, {"workloads", {{"a", {{"runtime", "gvisor"}}}}}},
        Json{{"api", {{"certificate", ""}}}}, Json{{"health", {{"checks", {{"web", {{"timeout", "1s"}}}}}}}},
        Json{{"ntp", {{"time-servers", {"ntp.example:1123"}}}}},
        Json{{"network", {{"interfaces", {{"vlan1", {{"kind", "vlan"}}}}}}}}}) {
    if (const auto staged = node.configuration.stage(tester(), "t", document)) {
      CHECK_FALSE(node.configuration.plan("t"));
      CHECK_FALSE(node.commit("t"));
      must(node.configuration.drop(tester(), "t"));
    }
  }
  CHECK(node.configuration.store().last_commit() == 0);
}

TEST_CASE("a refusal of settings that do not go together says what to do") {
  Node node;
  const Json relax_program = {{"kernel", {{"relax", {"kernel.core_pattern"}}}}};
  const Json relax_free = {{"kernel", {{"relax", {"vm.swappiness"}}}}};
  const Json runtime = {{"workloads", {{"w", {{"runtime", "gvisor"}}}}}};
  const Json bad_default = {{"sandbox", {{"default-runtime", "microvm"}, {"allowed-runtimes", {"crun", "gvisor"}}}}};
  const auto credentials = [](const Json& entry) {
    return Json{{"container-registry", {{"credentials", Json::array({entry})}}}};
  };
  for (const auto& [document, text] : {
           std::pair{relax_program, "kernel.core_pattern cannot be set at all"},
           {relax_free, "the image does not harden vm.swappiness"},
           {Json{{"kernel", {{"lockdown", "none"}}}}, "the signed image starts the kernel with \"integrity\""},
           {runtime, "workloads.w.runtime: gvisor is not one of the allowed runtimes (crun). An admin can add it"},
           {bad_default, "microvm is not one of the allowed runtimes (crun, gvisor)"},
           {credentials({{"registry", "r.example"}}), "r.example needs username and password, auth, or identitytoken"},
           {credentials({{"registry", "r.example"}, {"username", "u"}}), "r.example needs both username and password"},
           {Json{{"pki", {{"x", {{"trusted", true}}}}}}, "pki.x: trusted needs certificates: set pki.x.data"},
           {Json{{"pki", {{"x", {{"trusted", true}, {"data", ""}}}}}}, "set pki.x.data"},
       }) {
    INFO(document.dump());
    node.stage("t", document);
    const auto refused = node.commit("t");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    INFO(refused.error().describe());
    CHECK(refused.error().describe().contains(text));
    must(node.configuration.drop(tester(), "t"));
  }
  node.stage("t", {{"network", {{"firewall", {{"open-ports", {"53/tcp", "53/udp"}}}}}},
                   {"pki", {{"x", {{"trusted", false}}}}},
                   {"container-registry", {{"credentials", {{{"registry", "r.example"}, {"auth", "e30="}}}}}}});
  CHECK(node.commit("t"));
}

TEST_CASE("a weaker lockdown mode needs a restart, and is not said to be done") {
  Node node;
  const auto set = [&](const char* mode) {
    node.stage("t", {{"kernel", {{"lockdown", mode}}}});
    const bool planned = must(node.configuration.plan("t")).apply.reboot_required;
    const ChangeOutcome outcome = must(node.commit("t"));
    CHECK(outcome.applied.reboot_required == planned);
    REQUIRE(outcome.applied.notifications.size() == 1);
    return std::format("{} {}", outcome.applied.notifications.front().result, planned ? "reboot" : "now");
  };
  CHECK(set("confidentiality") == "done now");
  CHECK(set("integrity") == "skipped reboot");
  CHECK(node.kernel.lockdown == "confidentiality");
}

TEST_CASE("the threads of the processor follow their setting at once, and its default when it is unset") {
  Node node;
  must(node.configuration.apply_now());
  CHECK(node.kernel.smt == "on");
  node.stage("t", {{"kernel", {{"smt", "auto"}}}});
  CHECK_FALSE(must(node.configuration.plan("t")).apply.reboot_required);
  must(node.commit("t"));
  CHECK(node.kernel.smt == "auto");
  must(node.configuration.stage_unset(tester(), "u", {"kernel.smt"}));
  must(node.commit("u"));
  CHECK(node.kernel.smt == "on");
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
  must(node.configuration.drop(tester(), "bad"));

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
      {"container-registry",
       {{"credentials", {{{"registry", "a.example"}, {"username", "u"}, {"password", "hunter2"}}}}}}};
  node.stage("t", document);
  const TransactionPlan plan = must(node.configuration.plan("t"));
  CHECK_FALSE(json_of(plan, node.configuration.store().live()).dump().contains("hunter2"));
  const ChangeOutcome outcome = must(node.commit("t"));
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
        const bool done =
            node.configuration.stage_unset(tester(), "t", {std::format("kernel.sysctl.\"{}\"", key)}).has_value();
        CHECK(done == next.contains(key));
        next.erase(key);
        staged = staged || done;
      } else {
        const std::string value = std::to_string(pick(5));
        must(node.configuration.stage_texts(tester(), "t", {std::format("kernel.sysctl.\"{}\"={}", key, value)}));
        next[key] = value;
        staged = true;
      }
    }
    if (!staged) {
      const std::size_t back = pick(std::min<std::size_t>(history.size(), datastore::kHistory));
      const std::uint64_t commit = history.size() - 1 - back;
      must(node.configuration.stage_rollback(tester(), "t", commit));
      next = history[commit];
    }
    const ChangeOutcome done = must(node.commit("t"));
    CHECK((done.commit != 0) == (next != live));
    if (done.commit != 0) history.push_back(next);
    live = next;
    const Json sysctl = node.configuration.effective().value(Json::json_pointer("/kernel/sysctl"), Json::object());
    CHECK(sysctl == Json(live));
  }
}

TEST_CASE("nothing can be staged into a transaction that is being committed, and what was checked is what is stored") {
  Node node;
  node.stage("t", kServers);
  node.busy = true;
  Result<ChangeOutcome> done = fail(ErrorCode::internal, "not called back");
  node.configuration.commit({.transaction = "t", .caller = tester()},
                            [&](Result<ChangeOutcome> outcome) { done = std::move(outcome); });
  const auto staged = node.configuration.stage(tester(), "t", {{"motd", "smuggled"}});
  CHECK(staged.error().code == ErrorCode::locked);
  CHECK(node.configuration.drop(tester(), "t").error().code == ErrorCode::locked);
  node.finish_job();
  CHECK(must(std::move(done)).changes.size() == 1);
  CHECK(node.effective("/motd") == "null");
  CHECK(node.configuration.stage(tester(), "t", {{"motd", "next"}}));
}

TEST_CASE("a change that waited for its turn counts with the role that its caller has by then") {
  for (const auto now : {std::optional<Role>(), std::optional(Role::operator_role)}) {
    Node node;
    node.stage("slow", {{"motd", "x"}});
    node.stage("mine", {{"api", {{"listen-port", 9443}}}});
    node.busy = true;
    node.configuration.commit({.transaction = "slow", .caller = tester()}, [](const Result<ChangeOutcome>&) {});
    configuration::Caller caller = tester("revoked");
    caller.role_now = [now] { return now; };
    Result<ChangeOutcome> result = fail(ErrorCode::internal, "not called back");
    node.configuration.commit({.transaction = "mine", .caller = caller},
                              [&](Result<ChangeOutcome> outcome) { result = std::move(outcome); });
    node.finish_job();
    CHECK(result.error().code == ErrorCode::permission_denied);
    CHECK(node.effective("/api/listen-port") != "9443");
  }
}

TEST_CASE("a transaction belongs to who opened it, and a try of an operator does not keep an admin out") {
  Node node;
  const configuration::Caller other{.identity = "other", .name = "other", .role = Role::operator_role};
  const configuration::Caller admin{.identity = "boss", .name = "boss", .role = Role::admin};
  must(node.configuration.stage(other, "t", {{"motd", "tried"}}));
  CHECK(node.configuration.stage(admin, "t", {{"motd", "x"}}).error().code == ErrorCode::permission_denied);
  CHECK(node.configuration.stage(other, "u", {{"kernel", {{"lockdown", "integrity"}}}}).error().code ==
        ErrorCode::permission_denied);
  CHECK(node.configuration.stage(other, "node.x", {{"motd", "x"}}).error().code == ErrorCode::invalid_argument);
  Result<ChangeOutcome> result = fail(ErrorCode::internal, "not called back");
  const auto keep = [&](Result<ChangeOutcome> outcome) { result = std::move(outcome); };
  node.configuration.commit({.transaction = "t", .caller = other, .try_for = std::chrono::seconds(86'400)}, keep);
  CHECK(result);
  // Not for nothing, and not for what the node does by itself.
  node.configuration.commit({.transaction = "none", .caller = admin}, keep);
  CHECK(result.error().code == ErrorCode::failed_precondition);
  const configuration::Caller itself = configuration::the_node("user data");
  must(node.configuration.stage(itself, "node.user-data", {{"motd", "from user data"}}));
  node.configuration.commit({.transaction = "node.user-data", .caller = itself}, keep);
  CHECK(result.error().code == ErrorCode::locked);
  must(node.configuration.drop(itself, "node.user-data"));
  CHECK(node.configuration.current_try());
  must(node.configuration.stage(admin, "mine", {{"motd", "admin's"}}));
  node.configuration.commit({.transaction = "mine", .caller = admin}, keep);
  CHECK(must(std::move(result)).commit == 1);
  CHECK_FALSE(node.configuration.current_try());
  CHECK(node.effective("/motd") == R"("admin's")");
  CHECK(node.configuration.store().transactions().empty());
}
