// What another version stored and this one refuses.
#include "api-server/configuration/stored_settings.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/configuration/fake_node.hpp"

using namespace bulkhead;
using namespace bulkhead::configuration;
using bulkhead::testing::must;
using bulkhead::testing::tester;
using settings::Flat;

namespace {

using StoredNode = bulkhead::testing::FakeNode;

Key key(std::string_view text) { return must(Key::parse(text)); }

const Key kPattern({"kernel", "sysctl", "kernel.core_pattern"});

// Keys of what is left out.
std::vector<std::string> out_of(const Configuration& configuration) {
  std::vector<std::string> keys;
  for (const Refusal& refusal : configuration.left_out().refusals) keys.push_back(refusal.key.to_string());
  return keys;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a stored setting that is refused is left out, and everything else is in effect and can be changed") {
  const std::vector<std::pair<Key, Json>> refused = {
      {kPattern, "|/var/x %p"},                  // a rule between settings
      {key("no-such.setting"), "x"},             // unknown
      {key("motd.text"), "x"},                   // below what is no table now
      {key("dns"), "x"},                         // what is a table now
      {key("updates.seed"), "many"},             // the type
      {key("updates.seed"), 5000},               // the rule of one setting
      {key("ntp.options"), {"iburst", 7}},       // an element
      {key("kernel.relax"), {"vm.swappiness"}},  // the image hardens something else
      {key("network.interfaces.\"eth0.1\".route"), Json::array({{{"via", "10.0.0.1"}}})},  // only rendering refuses it
  };
  for (const auto& [name, value] : refused) {
    INFO(name.to_string());
    StoredNode node({{name, value}, {key("network.hostname"), "kept"}, {key("ntp.time-servers"), {"10.0.0.1"}}});
    REQUIRE(node.configuration.left_out().refusals.size() == 1);
    CHECK(node.configuration.left_out().settings.contains(name));
    CHECK(node.configuration.left_out().refusals.front().reason.message.contains(name.segments().front()));
    CHECK(node.times().contains("10.0.0.1"));
    CHECK(node.kernel.hostname == "kept");
    CHECK(node.configuration.store().live().at(name) == value);

    node.stage("t", {{"ntp", {{"time-servers", {"10.0.0.2"}}}}});
    CHECK(must(node.commit("t")).commit == 2);
    CHECK(node.times().contains("10.0.0.2"));
    CHECK(node.configuration.store().live().at(name) == value);
    CHECK(node.configuration.left_out().refusals.size() == 1);

    must(node.configuration.stage_unset(tester(), "t", {name.to_string()}));
    must(node.commit("t"));
    CHECK(node.configuration.left_out().refusals.empty());
    CHECK_FALSE(node.configuration.store().live().contains(name));
    CHECK(node.times().contains("10.0.0.2"));
  }
}

TEST_CASE("a refused setting that is set to a valid value is in effect at once") {
  StoredNode node({{key("ntp.time-servers"), {"http://10.0.0.1:99"}}});
  CHECK(out_of(node.configuration) == Keys{"ntp.time-servers"});
  CHECK(node.effective("/ntp/time-servers").contains("debian"));
  node.stage("t", {{"ntp", {{"time-servers", {"10.0.0.1"}}}}});
  must(node.commit("t"));
  CHECK(out_of(node.configuration).empty());
  CHECK(node.times().contains("10.0.0.1"));
}

TEST_CASE("a refused setting stays refused: a change to such a value, and a rollback to it, change nothing") {
  StoredNode node({{kPattern, "|/var/x %p"}, {key("updates.seed"), 5000}});
  CHECK(node.configuration.left_out().refusals.size() == 2);
  node.stage("t", {{"kernel", {{"sysctl", {{"kernel.core_pattern", "|/var/y"}}}}}});
  CHECK(node.commit("t").error().code == ErrorCode::invalid_argument);
  must(node.configuration.drop(tester(), "t"));
  must(node.configuration.stage_unset(tester(), "t", {"kernel", "updates"}));
  CHECK(must(node.commit("t")).commit == 2);
  CHECK(node.configuration.left_out().refusals.empty());
  must(node.configuration.stage_rollback(tester(), "t", 1));
  CHECK(node.commit("t").error().code == ErrorCode::invalid_argument);
  CHECK(node.configuration.left_out().refusals.empty());
}

TEST_CASE("a change that would put another setting out of effect is refused, as it is without refused settings") {
  StoredNode node({{key("updates.seed"), 5000},
                   {key("kernel.relax"), {"kernel.yama.ptrace_scope"}},
                   {key("kernel.sysctl.\"kernel.yama.ptrace_scope\""), "0"}});
  CHECK(out_of(node.configuration) == Keys{"updates.seed"});
  must(node.configuration.stage_unset(tester(), "t", {"kernel.relax"}));
  const auto refused = node.commit("t");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("ptrace_scope"));
  CHECK(node.effective("/kernel/relax").contains("ptrace_scope"));
}

TEST_CASE("settings that do not go together any more: one of them is left out, until the other one allows it again") {
  // The image's default is not among the stored ones.
  StoredNode allowed({{key("sandbox.allowed-runtimes"), {"gvisor"}}});
  CHECK(out_of(allowed.configuration) == Keys{"sandbox.allowed-runtimes"});
  // This image does not have it, which only rendering knows.
  StoredNode chosen(
      {{key("sandbox.allowed-runtimes"), {"crun", "gvisor"}}, {key("sandbox.default-runtime"), "gvisor"}});
  CHECK(out_of(chosen.configuration) == Keys{"sandbox.default-runtime"});
  // Also when a change is stored and not applied.
  chosen.stage("t", {{"motd", "x"}});
  chosen.configuration.commit({.transaction = "t", .caller = tester(), .apply = false},
                              [](const Result<ChangeOutcome>& done) { CHECK(done); });
  CHECK(out_of(chosen.configuration) == Keys{"sandbox.default-runtime"});
  CHECK(chosen.effective("/motd") == R"("x")");

  StoredNode node({{key("workloads.web.runtime"), "gvisor"}, {key("workloads.web.source"), "a.example/web:1"}});
  CHECK(out_of(node.configuration) == Keys{"workloads.web"});
  node.stage("t", {{"sandbox", {{"allowed-runtimes", {"crun", "gvisor"}}}}});
  must(node.commit("t", std::chrono::seconds(60)));
  CHECK(out_of(node.configuration).empty());
  CHECK(node.effective("/workloads/web/runtime") == R"("gvisor")");
  node.configuration.revert("by hand", [](const Result<ChangeOutcome>& done) { CHECK(done); });
  CHECK(out_of(node.configuration) == Keys{"workloads.web"});
}

TEST_CASE("what the node runs is never run with a part of its settings") {
  StoredNode node({{key("workloads.web.source"), "a.example/web:1"},
                   {key("workloads.web.runtime"), "no-such"},
                   {key("workloads.db.source"), "a.example/db:1"}});
  CHECK(out_of(node.configuration) == Keys{"workloads.web"});
  CHECK(node.configuration.left_out().refusals.front().culprit == key("workloads.web.runtime"));
  CHECK(node.effective("/workloads/web") == "null");
  CHECK(node.effective("/workloads/db/source") == R"("a.example/db:1")");
  // A change of it would not be in effect.
  node.stage("t", {{"workloads", {{"web", {{"source", "a.example/web:2"}}}}}});
  CHECK(node.commit("t").error().message.contains("workloads.web.runtime"));
}

TEST_CASE("a table is left out with all that is below it, and with nothing that is only near it") {
  Screen screen({{key("motd"), "x"},
                 {key("workloads"), 7},
                 {key("workloads.we.source"), "a"},
                 {key("workloads.web"), 1},
                 {key("workloads.web.runtime"), "crun"},
                 {key("workloads.web.source.deep"), "b"},
                 {key("workloads.web-2.source"), "c"},
                 {key("workloads.\"web.x\".source"), "d"}},
                {});
  const Error reason = error(ErrorCode::invalid_argument, "workloads.web: no");
  CHECK(screen.leave_out({.keys = {key("workloads.none"), key("workloads.web.source")}, .reason = reason}));
  CHECK(screen.accepted() == Flat{{key("motd"), "x"},
                                  {key("workloads"), 7},
                                  {key("workloads.we.source"), "a"},
                                  {key("workloads.web-2.source"), "c"},
                                  {key("workloads.\"web.x\".source"), "d"}});
  CHECK(screen.left_out().settings == std::map<Key, std::size_t>{{key("workloads.web"), 0},
                                                                 {key("workloads.web.runtime"), 0},
                                                                 {key("workloads.web.source.deep"), 0}});
  CHECK_FALSE(screen.leave_out({.keys = {key("workloads.web.runtime")}, .reason = reason}));
  CHECK(screen.left_out().refusals.size() == 1);
}

TEST_CASE("every one of many refused settings is left out") {
  constexpr std::size_t kMany = 3000;
  Flat stored = {{key("motd"), "kept"}};
  for (std::size_t i = 0; i < kMany; ++i) stored.emplace(key(std::format("u{}", i)), 0);
  const Screen screen(stored, refused_values(stored));
  CHECK(screen.accepted() == Flat{{key("motd"), "kept"}});
  REQUIRE(screen.left_out().refusals.size() == kMany);
  CHECK(screen.left_out().settings.size() == kMany);
  for (const auto& [name, refusal] : screen.left_out().settings) {
    if (screen.left_out().refusals.at(refusal).key != name) FAIL_CHECK(name.to_string());
  }
}

TEST_CASE("without a list of revoked certificates that is stored, nobody is let in over the network") {
  Screen screen({{key("api.client-ca"), "LS0t"}, {key("api.revoked"), {"no serial number"}}, {key("motd"), "x"}},
                {{.key = key("api.revoked"),
                  .value = {"no serial number"},
                  .reason = error(ErrorCode::invalid_argument, "api.revoked[0]: is none")}});
  CHECK(screen.accepted() == Flat{{key("motd"), "x"}});
  REQUIRE(screen.left_out().refusals.size() == 2);
  CHECK(screen.left_out().refusals.back().key == key("api.client-ca"));
  CHECK(screen.left_out().refusals.back().culprit == key("api.revoked"));
}

TEST_CASE("the key of an error of rendering is read from its message") {
  const auto keys = [](ErrorCode code, std::string message) {
    return keys_named_by({.code = code, .message = std::move(message), .context = {}, .hint = {}});
  };
  CHECK(keys(ErrorCode::invalid_argument, "network.interfaces.\"eth0.1\": a: b") ==
        std::vector{key("network.interfaces.\"eth0.1\"")});
  CHECK(keys(ErrorCode::invalid_argument, "a value ends with '\\'").empty());
  CHECK(keys(ErrorCode::internal, "motd: x").empty());
}
