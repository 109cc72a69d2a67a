#include "api-client/render.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/golden.hpp"

using namespace bulkhead;
using namespace bulkhead::client;
using testing::matches_golden;

namespace {

Json changes() {
  return Json::parse(R"([
    {"key": "settings.motd", "from": null, "to": "hello"},
    {"key": "settings.ntp.time-servers", "from": ["a"], "to": ["a", "b"]},
    {"key": "settings.dns.name-servers", "from": ["1.1.1.1"], "to": null}])");
}

Json plan() {
  Json document = Json::parse(R"({"transaction": "t",
    "files": [{"path": "/etc/motd", "change": "changed"}, {"path": "/etc/x", "change": "removed"}],
    "services": [{"service": "ntp", "unit": "systemd-timesyncd.service", "action": "restart"},
                 {"service": "motd", "action": "nothing"}],
    "reboot_required": true})");
  document["changes"] = changes();
  return document;
}

}  // namespace

TEST_CASE("a plan for people") {
  CHECK(matches_golden("client/plan.txt", plan_text(plan(), false)) == "");
  CHECK(matches_golden("client/plan-color.txt", plan_text(plan(), true)) == "");
  CHECK(plan_text(Json::parse(R"({"changes": [], "files": [], "services": []})"), false) == "No changes.\n");
}

TEST_CASE("an outcome for people") {
  const Json outcome =
      Json::parse(R"({"commit": 7, "keys": ["settings.motd"], "files": [{"path": "/etc/motd", "change": "changed"}],
    "services": [{"service": "ntp", "unit": "systemd-timesyncd.service", "action": "restart", "result": "done"},
                 {"service": "x", "action": "reload", "result": "failed"}], "reboot_required": false})");
  CHECK(matches_golden("client/outcome.txt", outcome_text(outcome, false)) == "");
  CHECK(outcome_text(Json::parse(R"({"commit": 0, "keys": []})"), false) == "Nothing changed.\n");
}

TEST_CASE("history, a commit and a difference for people") {
  const Json commits = Json::parse(R"([
    {"commit": 12, "time": "2026-01-02T03:04:05Z", "author": "uid 0, pid 1", "transaction": "t", "keys": ["settings.motd", "settings.ntp"]},
    {"commit": 1, "time": "2026-01-01T00:00:00Z", "author": "user data", "transaction": "u", "keys": []}])");
  CHECK(matches_golden("client/history.txt", history_table(commits, false)) == "");
  CHECK(history_table(Json::array(), false) == "No commits.\n");
  Json commit = commits[0];
  commit["changes"] = changes();
  CHECK(matches_golden("client/commit.txt", commit_text(commit, false)) == "");
  CHECK(changes_text(Json::array(), false) == "No changes.\n");
}

TEST_CASE("state for people") {
  const Json status = Json::parse(R"({"state": "degraded", "problems": ["user data: line 3"],
    "os": {"pretty_name": "Bulkhead 0.1.0"}, "hostname": "web1", "slot": "a", "boot": "good", "commit": 12,
    "try": {"transaction": "t", "author": "root", "seconds_left": 30, "keys": ["settings.motd"]},
    "locked_down": true, "failed_units": ["x.service", "y.service"], "addresses": ["10.0.0.9", "fd00::9"], "transactions": 2})");
  CHECK(matches_golden("client/status.txt", status_text(status, false)) == "");
  CHECK(matches_golden("client/status-color.txt", status_text(status, true)) == "");
  CHECK(health_text(Json::parse(R"({"state": "ready", "problems": []})"), false) == "ready\n");
  const Json user_data = Json::parse(R"({"sources": [
    {"source": "cidata", "digest": "0123456789abcdef", "result": "applied", "applied_at": "2026-01-01T00:00:00Z"},
    {"source": "fw_cfg", "result": "refused", "error": "line 3: unknown key"}]})");
  CHECK(matches_golden("client/user-data.txt", user_data_table(user_data, false)) == "");
  const Json audit = Json::parse(R"([
    {"time": "2026-01-01T00:00:00Z", "author": "uid 0", "action": "PATCH /settings", "result": "204", "keys": "settings.motd"},
    {"time": "2026-01-01T00:00:01Z", "author": "CN=eve", "action": "POST /tx/commit", "result": "403", "message": "role reader"}])");
  CHECK(matches_golden("client/audit.txt", audit_table(audit, false)) == "");
}

TEST_CASE("messages cannot command the terminal") {
  const Json entry = {{"time", "T"}, {"priority", 3}, {"unit", "x"}, {"message", "a\x1b[2J\nb\tc\x7f"}};
  CHECK(log_line(entry, false) == "T x: a\\x1b[2J\\x0ab\tc\\x7f\n");
  CHECK(log_line(entry, true) == "\x1b[2mT\x1b[0m x: \x1b[31ma\\x1b[2J\\x0ab\tc\\x7f\x1b[0m\n");
  CHECK(event_line("a\r", "b\n", false) == "a\\x0d b\\x0a\n");
  CHECK(changes_text(Json::array({{{"key", "k\x1b"}, {"from", nullptr}, {"to", "\x1b"}}}), false) ==
        "+ k\\x1b = \"\\u001b\"\n");
}

TEST_CASE("an answer of another shape shows less and breaks nothing") {
  for (const char* text :
       {"null", "7", "\"x\"", "[]", "[1, null]", "{}", R"({"keys": 1, "files": 2, "problems": "x"})"}) {
    const Json odd = Json::parse(text);
    for (const auto render : {plan_text, outcome_text, try_text, history_table, commit_text, changes_text, audit_table,
                              status_text, health_text, user_data_table, log_line}) {
      CHECK(render(odd, false).size() < 200);
    }
  }
  CHECK(pretty(Json("\xff")) == "\"\xef\xbf\xbd\"\n");
}
