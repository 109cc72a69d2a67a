#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using settings::Json;

TEST_CASE("the version is for everybody, everything else for those with a role") {
  ApiFixture api;
  CHECK(api.ask("GET", "/v1/version", {}, std::nullopt).json()["version"] == "7");
  for (const char* target : {"/v1/status", "/v1/health", "/report", "/v1/user-data", "/updates/status"}) {
    CAPTURE(target);
    CHECK(api.ask("GET", target, {}, std::nullopt).status() == 403);
  }
}

TEST_CASE("the status has the state of the node, the last commit and the open try") {
  ApiFixture api;
  api.state.addresses = {{.interface = "eth0", .text = "10.0.0.9"}};
  api.set({{"motd", "x"}});
  Json status = api.ask("GET", "/v1/status", {}, Role::reader).json();
  CHECK(status["state"] == "ready");
  CHECK(status["hostname"] == "node");
  CHECK(status["commit"] == 1);
  CHECK(status["addresses"] == Json{"10.0.0.9"});
  CHECK(status["try"].is_null());
  CHECK(api.ask("PATCH", "/settings?tx=t", R"({"motd": "y"})").status() == 204);
  CHECK(api.ask("POST", "/v1/commit?tx=t&try=60").status() == 200);
  status = api.ask("GET", "/v1/status").json();
  CHECK(status["try"]["transaction"] == "t");
}

TEST_CASE("a node that is not ready is 503, with what is wrong") {
  ApiFixture api;
  CHECK(api.ask("GET", "/v1/health").status() == 200);
  api.state.failed_units = {"a.service"};
  api.state.problems = {"seed: no space"};
  const auto health = api.ask("GET", "/v1/health");
  CHECK(health.status() == 503);
  CHECK(health.json() == Json{{"state", "degraded"}, {"problems", {"a.service failed", "seed: no space"}}});
}

TEST_CASE("a restart is written down before it happens, and what failed is told") {
  ApiFixture api;
  CHECK(api.ask("POST", "/actions/reboot").status() == 204);
  CHECK(api.reboots == 1);
  CHECK(api.newest_record() == "tester reboot started");
  api.reboot = fail(ErrorCode::unavailable, "no answer");
  CHECK(api.ask("POST", "/actions/reboot").status() == 503);
  CHECK(api.newest_record() == "tester reboot failed");
  CHECK(api.ask("POST", "/actions/reboot", {}, Role::operator_role).status() == 403);
  CHECK(api.reboots == 2);
}

TEST_CASE("a lockdown keeps every change out") {
  ApiFixture api;
  CHECK(api.ask("POST", "/actions/lockdown", {}, Role::operator_role).status() == 403);
  CHECK(api.ask("POST", "/actions/lockdown").status() == 204);
  CHECK(api.newest_record() == "tester lockdown done");
  CHECK(api.ask("PATCH", "/settings", R"({"motd": "x"})").status() == 423);
  CHECK(api.ask("GET", "/v1/status").json()["locked_down"] == true);
}

TEST_CASE("there is no updater, and every question about one says so") {
  ApiFixture api;
  CHECK(api.ask("GET", "/updates/status").status() == 404);
  CHECK(api.ask("POST", "/actions/refresh-updates").message().contains("no updater"));
}

TEST_CASE("user data can be looked at, and taken in again by an admin") {
  ApiFixture api;
  CHECK(api.ask("GET", "/v1/user-data").json()["sources"].empty());
  CHECK(api.ask("PUT", "/v1/user-data", {}, Role::operator_role).status() == 403);
  CHECK(api.ask("PUT", "/v1/user-data").status() == 200);
  CHECK(api.newest_record() == "tester user data done");
  CHECK(api.accepted.empty());
  CHECK(api.ask("POST", "/v1/user-data/cidata/accept", {}, Role::operator_role).status() == 403);
  CHECK(api.ask("POST", "/v1/user-data/cidata/accept").status() == 200);
  CHECK(api.accepted == "cidata");
  CHECK(api.newest_record() == "tester accept user data of cidata done");
  api.user_data = fail(ErrorCode::invalid_argument, "cidata: no");
  CHECK(api.ask("PUT", "/v1/user-data").status() == 400);
  CHECK(api.newest_record() == "tester user data failed");
}

TEST_CASE("a report has everything and no secret") {
  ApiFixture api;
  api.set({{"motd", "hello"},
           {"container-registry",
            {{"credentials", {{{"registry", "a.example"}, {"username", "u"}, {"password", "hunter2"}}}}}}});
  api.state.problems = {"seed: no space"};
  const auto report = api.ask("GET", "/report", {}, Role::reader);
  CHECK(report.response.content_type.starts_with("text/plain"));
  for (const char* part : {"Bulkhead 7", "hello", "seed: no space", "state: degraded", "== history"}) {
    CAPTURE(part);
    CHECK(report.body().contains(part));
  }
  CHECK_FALSE(report.body().contains("hunter2"));
  CHECK(report.body().ends_with("== messages (warnings and worse)\nonly for operators and admins\n"));
  for (const Role role : {Role::operator_role, Role::admin}) {
    const auto whole = api.ask("GET", "/report", {}, role);
    CHECK(whole.body().contains("== messages (warnings and worse)\n"));
    CHECK_FALSE(whole.body().contains("only for operators"));
  }
}
