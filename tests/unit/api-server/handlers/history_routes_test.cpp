#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using settings::Json;

namespace {

void three_commits(ApiFixture& api) {
  for (const char* motd : {"a", "b", "c"}) api.set({{"motd", motd}});
}

}  // namespace

TEST_CASE("history is newest first, and as long as it is asked for") {
  ApiFixture api;
  three_commits(api);
  const Json history = api.ask("GET", "/v1/history").json();
  REQUIRE(history.size() == 3);
  CHECK(history[0]["commit"] == 3);
  CHECK(history[0]["author"] == "tester");
  CHECK_FALSE(history[0].contains("changes"));
  CHECK(api.ask("GET", "/v1/history?limit=1").json().size() == 1);
  for (const char* limit : {"0", "-1", "many", "10001"})
    CHECK(api.ask("GET", std::string("/v1/history?limit=") + limit).status() == 400);
}

TEST_CASE("one commit is shown with what it changed") {
  ApiFixture api;
  three_commits(api);
  const Json commit = api.ask("GET", "/v1/history/2").json();
  REQUIRE(commit["changes"].size() == 1);
  CHECK(commit["changes"][0].dump().contains(R"("b")"));
  CHECK(commit["changes"][0].dump().contains(R"("a")"));
  CHECK(api.ask("GET", "/v1/history/9").status() == 404);
  CHECK(api.ask("GET", "/v1/history/first").status() == 400);
}

TEST_CASE("the difference between two commits is what changed, however many there were in between") {
  ApiFixture api;
  three_commits(api);
  CHECK(api.ask("GET", "/v1/diff?from=0").json().size() == 1);
  CHECK(api.ask("GET", "/v1/diff?from=1&to=3").json()[0].dump().contains(R"("c")"));
  CHECK(api.ask("GET", "/v1/diff?from=2&to=2").json().empty());
  CHECK(api.ask("GET", "/v1/diff").status() == 400);
  CHECK(api.ask("GET", "/v1/diff?from=7").status() == 404);
}

TEST_CASE("no secret is in history or differences") {
  ApiFixture api;
  api.set({{"container-registry",
            {{"credentials", {{{"registry", "a.example"}, {"username", "u"}, {"password", "hunter2"}}}}}}});
  for (const char* target : {"/v1/history", "/v1/history/1", "/v1/diff?from=0"}) {
    CAPTURE(target);
    CHECK_FALSE(api.ask("GET", target).body().contains("hunter2"));
  }
}

TEST_CASE("going back is staged like any change") {
  ApiFixture api;
  three_commits(api);
  CHECK(api.ask("POST", "/v1/rollback?to=1&tx=back", {}, Role::operator_role).status() == 204);
  CHECK(api.node.effective("/motd") == R"("c")");
  CHECK(api.ask("POST", "/v1/commit?tx=back").status() == 200);
  CHECK(api.node.effective("/motd") == R"("a")");
  CHECK(api.ask("POST", "/v1/rollback?to=9").status() == 404);
  CHECK(api.ask("POST", "/v1/rollback?to=9").json() == api.ask("GET", "/v1/history/9").json());
  CHECK(api.ask("POST", "/v1/rollback").status() == 400);
  CHECK(api.ask("POST", "/v1/rollback?to=1", {}, Role::reader).status() == 403);
}

TEST_CASE("the audit trail is read by whoever may read") {
  ApiFixture api;
  api.set({{"motd", "x"}});
  const Json records = api.ask("GET", "/v1/audit?limit=1", {}, Role::reader).json();
  REQUIRE(records.size() == 1);
  CHECK(records[0]["action"] == "commit and apply");
  CHECK(records[0]["keys"] == "motd");
  CHECK(api.ask("GET", "/v1/audit?limit=0").status() == 400);
}
