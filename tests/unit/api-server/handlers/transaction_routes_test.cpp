#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using bulkhead::testing::FakeStream;
using bulkhead::testing::kTimeUnit;
using settings::Json;

namespace {

constexpr const char* kServers = R"({"ntp": {"time-servers": ["time.example.com"]}})";

void stage(ApiFixture& api, const std::string& tx, const std::string& document = kServers) {
  CHECK(api.ask("PATCH", "/settings?tx=" + tx, document).status() == 204);
}

}  // namespace

TEST_CASE("transactions are listed, looked at and dropped") {
  ApiFixture api;
  stage(api, "a");
  stage(api, "b", R"({"motd": "x"})");
  CHECK(api.ask("GET", "/tx/list").json() == Json{"a", "b"});
  CHECK(api.ask("GET", "/tx?tx=b").json() == Json{{"motd", "x"}});
  CHECK(api.ask("DELETE", "/tx?tx=b").json() == Json{"settings.motd"});
  CHECK(api.ask("GET", "/tx?tx=b").status() == 404);
  CHECK(api.ask("DELETE", "/tx?tx=b").status() == 404);
}

TEST_CASE("secrets in a transaction are for admins") {
  ApiFixture api;
  stage(
      api, "t",
      R"({"container-registry": {"credentials": [{"registry": "a.example", "username": "u", "password": "hunter2"}]}})");
  CHECK(api.ask("GET", "/tx?tx=t").body().contains("hunter2"));
  CHECK_FALSE(api.ask("GET", "/tx?tx=t", {}, Role::operator_role).body().contains("hunter2"));
}

TEST_CASE("a plan says what a commit would do, and changes nothing") {
  ApiFixture api;
  stage(api, "t");
  const Json plan = api.ask("GET", "/v1/plan?tx=t").json();
  CHECK(plan.dump().contains("timesyncd.conf.d"));
  CHECK(api.node.systemd.acts.empty());
  CHECK(api.node.configuration.store().last_commit() == 0);
  CHECK(api.ask("GET", "/v1/plan?tx=other").status() == 404);
}

TEST_CASE("a commit says what it changed, and who did it is written down") {
  ApiFixture api;
  stage(api, "t");
  const Json outcome = api.ask("POST", "/v1/commit?tx=t").json();
  CHECK(outcome["commit"] == 1);
  CHECK(api.node.systemd.acts == std::vector<std::string>{std::string("restart ") + kTimeUnit});
  CHECK(api.newest_record() == "tester commit and apply done");
  CHECK(api.audit.newest(1).front()["keys"] == "ntp.time-servers");
  CHECK(api.node.configuration.store().history().back().author == "tester");
}

TEST_CASE("Bottlerocket's commits answer with keys, and only apply when they say so") {
  ApiFixture api;
  stage(api, "t");
  CHECK(api.ask("POST", "/tx/commit?tx=t").json() == Json{"settings.ntp.time-servers"});
  CHECK(api.node.systemd.acts.empty());
  CHECK(api.newest_record() == "tester commit done");
  CHECK(api.ask("POST", "/tx/apply").status() == 204);
  CHECK(api.node.systemd.acts.size() == 1);
  CHECK(api.newest_record() == "tester apply done");
  CHECK(api.ask("POST", "/tx/apply?keys=ntp.time-servers").status() == 204);
  CHECK(api.node.systemd.acts.size() == 2);
  CHECK(api.ask("POST", "/tx/apply?keys=").status() == 400);
  stage(api, "u", R"({"motd": "x"})");
  CHECK(api.ask("POST", "/tx/commit_and_apply?tx=u").json() == Json{"settings.motd"});
}

TEST_CASE("a commit of nothing is refused with a hint") {
  ApiFixture api;
  const auto refused = api.ask("POST", "/v1/commit?tx=none");
  CHECK(refused.status() == 422);
  CHECK(refused.code() == "failed_precondition");
  CHECK(refused.json()["hint"].get<std::string>().contains("staged"));
  CHECK(api.newest_record() == "tester commit and apply refused");
}

TEST_CASE("what a service does not take is a failure, and the answer says where to look") {
  ApiFixture api;
  api.node.systemd.broken = {kTimeUnit};
  stage(api, "t");
  const auto failed = api.ask("POST", "/v1/commit?tx=t");
  CHECK(failed.status() == 503);
  CHECK(failed.json()["hint"].get<std::string>().contains(kTimeUnit));
  CHECK(api.newest_record() == "tester commit and apply failed");
  CHECK(api.node.configuration.store().last_commit() == 0);
}

TEST_CASE("an operator may not choose who may do what") {
  ApiFixture api;
  stage(api, "t", R"({"api": {"listen-port": 9443}})");
  const auto refused = api.ask("POST", "/v1/commit?tx=t", {}, Role::operator_role);
  CHECK(refused.status() == 403);
  CHECK(refused.message().contains("api.listen-port"));
  CHECK(api.ask("POST", "/v1/commit?tx=t").status() == 200);
}

TEST_CASE("an answer waits until the change is in force") {
  ApiFixture api;
  stage(api, "t");
  api.node.busy = true;
  const auto asked = api.begin("POST", "/v1/commit?tx=t");
  CHECK(asked->replies == 0);
  api.node.finish_job();
  CHECK(asked->replies == 1);
  CHECK(asked->status() == 200);
}

TEST_CASE("a try is open until it is confirmed or reverted, and keeps other changes out") {
  ApiFixture api;
  CHECK(api.ask("GET", "/v1/try").status() == 404);
  stage(api, "t");
  const Json begun = api.ask("POST", "/v1/commit?tx=t&try=60").json();
  CHECK(begun["try"]["transaction"] == "t");
  CHECK(api.newest_record() == "tester try done");
  CHECK(api.ask("GET", "/v1/try").json()["author"] == "tester");

  const auto locked = api.ask("PATCH", "/settings?tx=t", R"({"motd": "x"})");
  CHECK(locked.status() == 423);
  stage(api, "other", R"({"motd": "x"})");
  CHECK(api.ask("POST", "/v1/commit?tx=other").status() == 423);

  CHECK(api.ask("POST", "/v1/try/confirm", {}, Role::reader).status() == 403);
  CHECK(api.ask("POST", "/v1/try/confirm").json()["commit"] == 1);
  CHECK(api.newest_record() == "tester confirm done");
  CHECK(api.ask("POST", "/v1/try/confirm").status() == 404);
  CHECK(api.ask("POST", "/v1/try/revert").status() == 404);

  CHECK(api.ask("POST", "/v1/commit?tx=other&try=60").status() == 200);
  CHECK(api.ask("POST", "/v1/try/revert").status() == 200);
  CHECK(api.newest_record() == "tester revert done");
  CHECK(api.node.effective("/motd") == "null");
}

TEST_CASE("the time of a try is a number of seconds, and only a try can be held") {
  ApiFixture api;
  stage(api, "t");
  for (const char* query : {"try=0", "try=soon", "try=86401", "hold=true"}) {
    CAPTURE(query);
    CHECK(api.ask("POST", std::string("/v1/commit?tx=t&") + query).status() == 400);
  }
  CHECK_FALSE(api.node.configuration.current_try());
}

TEST_CASE("a held try is reverted when its client leaves") {
  ApiFixture api;
  stage(api, "t");
  const auto stream = ApiFixture::open(api.ask("POST", "/v1/commit?tx=t&try=60&hold=true"));
  REQUIRE(stream->chunks.size() == 1);
  CHECK(stream->chunks.front().starts_with("event: try\n"));
  CHECK(stream->chunks.front().contains("begun"));
  CHECK(api.node.configuration.current_try());
  stream->leave();
  CHECK_FALSE(api.node.configuration.current_try());
  CHECK_FALSE(api.node.times().contains("time.example.com"));
  CHECK(api.events.listeners() == 0);
}

TEST_CASE("a held try that was confirmed stays when its client leaves, and so does the try of somebody else") {
  ApiFixture api;
  stage(api, "t");
  const auto stream = ApiFixture::open(api.ask("POST", "/v1/commit?tx=t&try=60&hold=true"));
  CHECK(api.ask("POST", "/v1/try/confirm").status() == 200);
  CHECK(stream->chunks.back().contains("confirmed"));
  stage(api, "u", R"({"motd": "x"})");
  CHECK(api.ask("POST", "/v1/commit?tx=u&try=60").status() == 200);
  stream->leave();
  REQUIRE(api.node.configuration.current_try());
  CHECK(api.node.configuration.current_try()->transaction == "u");
  CHECK(api.node.times().contains("time.example.com"));
}
