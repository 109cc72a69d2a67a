#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/handlers/api_fixture.hpp"

using namespace bulkhead;
using bulkhead::testing::ApiFixture;
using settings::Json;

namespace {

const Json kSecret = {{"container-registry",
                       {{"credentials", {{{"registry", "a.example"}, {"username", "u"}, {"password", "hunter2"}}}}}}};

}  // namespace

TEST_CASE("settings are read as a whole, by key and by prefix") {
  ApiFixture api;
  api.set({{"motd", "hello"}, {"ntp", {{"time-servers", {"time.example.com"}}}}});
  CHECK(api.ask("GET", "/settings").json()["motd"] == "hello");
  CHECK(api.ask("GET", "/settings?keys=motd,ntp.time-servers").json() ==
        Json{{"motd", "hello"}, {"ntp", {{"time-servers", {"time.example.com"}}}}});
  CHECK(api.ask("GET", "/settings?prefix=mot").json() == Json{{"motd", "hello"}});
  CHECK(api.ask("GET", "/").json()["settings"]["motd"] == "hello");
  CHECK(api.ask("GET", "/?prefix=settings.motd").json() == Json{{"settings", {{"motd", "hello"}}}});
}

TEST_CASE("a change is seen in the whole document") {
  ApiFixture api;
  for (const char* motd : {"a", "b"}) {
    api.set({{"motd", motd}});
    CHECK(api.ask("GET", "/settings").json()["motd"] == motd);
  }
}

TEST_CASE("keys and prefixes that name nothing are told apart from what is not set") {
  ApiFixture api;
  const auto unknown = api.ask("GET", "/settings?keys=mota");
  CHECK(unknown.status() == 404);
  CHECK(unknown.code() == "not_found");
  CHECK(unknown.message().contains("motd"));
  CHECK(api.ask("GET", "/settings?keys=motd").status() == 404);
  CHECK(api.ask("GET", "/settings?prefix=motd").json() == Json::object());
  CHECK(api.ask("GET", "/settings?prefix=nothing").status() == 404);
  CHECK(api.ask("GET", "/settings?keys=").status() == 400);
  CHECK(api.ask("GET", "/settings?keys=motd,,a").status() == 400);
  CHECK(api.ask("GET", "/settings?keys=motd&prefix=motd").status() == 400);
}

TEST_CASE("only an admin sees secrets") {
  ApiFixture api;
  api.set(kSecret);
  for (const char* target : {"/settings", "/settings?keys=container-registry", "/settings?prefix=container", "/"}) {
    CAPTURE(target);
    CHECK(api.ask("GET", target).body().contains("hunter2"));
    for (const Role role : {Role::reader, Role::operator_role})
      CHECK_FALSE(api.ask("GET", target, {}, role).body().contains("hunter2"));
  }
}

TEST_CASE("a document is staged, not yet in effect, and checked before that") {
  ApiFixture api;
  CHECK(api.ask("PATCH", "/settings?tx=t", R"({"motd": "hello"})").status() == 204);
  CHECK(api.node.effective("/motd") == "null");
  CHECK(api.ask("GET", "/tx?tx=t").json() == Json{{"motd", "hello"}});
  const auto unknown = api.ask("PATCH", "/settings", R"({"no-such": 1})");
  CHECK(unknown.status() / 100 == 4);
  CHECK(unknown.message().contains("no-such"));
  CHECK(api.ask("PATCH", "/settings", R"({"motd": 1})").status() == 400);
  CHECK(api.ask("PATCH", "/settings?tx=", R"({"motd": "x"})").status() == 400);
}

TEST_CASE("a body that is no JSON, too deep, or wrapped is refused with a word on what to do") {
  ApiFixture api;
  CHECK(api.ask("PATCH", "/settings", "{").message().contains("syntax error"));
  CHECK(api.ask("PATCH", "/settings", std::string(1000, '[')).message().contains("deeper"));
  const auto wrapped = api.ask("PATCH", "/settings", R"({"settings": {"motd": "x"}})");
  CHECK(wrapped.status() == 400);
  CHECK(wrapped.json()["hint"].get<std::string>().contains("outer table"));
}

TEST_CASE("pairs are staged as their declarations say") {
  ApiFixture api;
  CHECK(api.ask("PATCH", "/settings/keypair?tx=t", R"({"request_payload": ["motd=a=b", "updates.seed=7"]})").status() ==
        204);
  CHECK(api.ask("GET", "/tx?tx=t").json() == Json{{"motd", "a=b"}, {"updates", {{"seed", 7}}}});
  for (const char* body : {R"({})", R"([])", R"({"request_payload": "motd=a"})", R"({"request_payload": [1]})",
                           R"({"request_payload": ["motd"]})", R"({"request_payload": ["nosuch=1"]})"}) {
    CAPTURE(body);
    CHECK(api.ask("PATCH", "/settings/keypair", body).status() == 400);
  }
}

TEST_CASE("what is set can be unset, and what is not set cannot") {
  ApiFixture api;
  api.set({{"motd", "hello"}});
  CHECK(api.ask("DELETE", "/v1/settings?keys=motd").status() == 204);
  CHECK(api.ask("POST", "/v1/commit").status() == 200);
  CHECK(api.node.effective("/motd") == "null");
  CHECK(api.ask("DELETE", "/v1/settings?keys=motd").status() == 404);
  CHECK(api.ask("DELETE", "/v1/settings").status() == 400);
}

TEST_CASE("settings are described") {
  ApiFixture api;
  const auto schema = api.ask("GET", "/v1/schema");
  CHECK(schema.response.content_type == "application/schema+json");
  CHECK(schema.json()["properties"].contains("motd"));
  CHECK(api.ask("GET", "/v1/keys").json().contains("motd"));
  CHECK(api.ask("GET", "/v1/explain?key=motd").body().contains("motd"));
  CHECK(api.ask("GET", "/v1/explain").status() == 400);
  CHECK(api.ask("GET", "/v1/explain?key=mota").status() == 404);
}

TEST_CASE("a reader may look and change nothing, and that is written down") {
  ApiFixture api;
  const auto refused = api.ask("PATCH", "/settings", R"({"motd": "x"})", Role::reader);
  CHECK(refused.status() == 403);
  CHECK(refused.code() == "permission_denied");
  CHECK(api.newest_record() == "tester PATCH /settings refused");
  CHECK(api.ask("DELETE", "/v1/settings?keys=motd", {}, Role::reader).status() == 403);
  CHECK(api.ask("PATCH", "/settings", R"({"motd": "x"})", Role::operator_role).status() == 204);
}
