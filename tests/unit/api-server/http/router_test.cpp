#include "api-server/http/router.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::http;

namespace {

struct RouterFixture {
  Router router;
  std::vector<std::string> refused;

  RouterFixture() {
    const auto answer = [](const char* text) {
      return [text](const Request& request, const Reply& reply) {
        reply(bulkhead::http::text(text + (request.captures.empty() ? "" : " " + request.captures.front())));
      };
    };
    router.add({"GET", "/open", std::nullopt, answer("open")});
    router.add({"GET", "/things", Role::reader, answer("things")});
    router.add({"PUT", "/things", Role::operator_role, answer("changed"), true});
    router.add({"GET", "/things/{name}", Role::reader, answer("thing")});
    router.on_refused = [this](const Request& request, const Error&) { refused.push_back(request.path); };
  }

  Response ask(const char* method, const char* path, std::optional<Role> role = Role::admin,
               const char* name = "somebody", const char* type = "application/json") {
    Response response{.status = 0};
    router.dispatch({.method = method,
                     .path = path,
                     .query = {},
                     .content_type = type,
                     .body = {},
                     .peer = std::make_shared<Peer>(
                         Peer{.name = name, .identity = name, .role = role, .refused = "no certificate"}),
                     .captures = {}},
                    [&](Response given) { response = std::move(given); });
    return response;
  }
};

}  // namespace

TEST_CASE("requests find their handler by method and path") {
  RouterFixture fixture;
  CHECK(fixture.ask("GET", "/things").body == "things");
  CHECK(fixture.ask("GET", "/things/a").body == "thing a");
  CHECK(fixture.ask("PUT", "/things").body == "changed");
  CHECK(fixture.ask("GET", "/things/").status == 404);
  CHECK(fixture.ask("GET", "/things/a/b").status == 404);
}

TEST_CASE("other paths and methods are told what there is") {
  RouterFixture fixture;
  const Response path = fixture.ask("GET", "/thingz");
  CHECK(path.status == 404);
  CHECK(path.body.contains("the nearest is /things"));
  const Response method = fixture.ask("POST", "/things");
  CHECK(method.status == 405);
  CHECK(method.body.contains("GET, PUT"));
  CHECK(fixture.ask("PUT", "/things", Role::admin, "somebody", "text/plain").status == 415);
}

TEST_CASE("roles: nobody, somebody without a role, and too little of one") {
  RouterFixture fixture;
  CHECK(fixture.ask("GET", "/open", std::nullopt, "").status == 200);
  CHECK(fixture.ask("GET", "/things", std::nullopt, "").status == 401);
  CHECK(fixture.ask("GET", "/things", std::nullopt, "revoked").status == 403);
  CHECK(fixture.ask("PUT", "/things", Role::reader).status == 403);
  CHECK(fixture.ask("PUT", "/things", Role::operator_role).status == 200);
  CHECK(fixture.refused == std::vector<std::string>{"/things", "/things", "/things"});
  // Paths are no secret, but who may nothing need not be told them.
  CHECK(fixture.ask("GET", "/thingz", std::nullopt, "").status == 401);
}

TEST_CASE("a peer that may make one request makes that one and no other") {
  RouterFixture fixture;
  const auto status = [&](const char* method, const char* path) {
    Response response{.status = 0};
    fixture.router.dispatch(
        {.method = method,
         .path = path,
         .query = {},
         .content_type = "application/json",
         .body = {},
         .peer = std::make_shared<Peer>(Peer{
             .name = "imds", .identity = "imds", .role = std::nullopt, .refused = "only this", .also = "PUT /things"}),
         .captures = {}},
        [&](Response given) { response = std::move(given); });
    return response.status;
  };
  CHECK(status("PUT", "/things") == 200);
  CHECK(status("GET", "/things") == 403);
  CHECK(status("GET", "/things/a") == 403);
  CHECK(status("PUT", "/things/a") != 200);
}

TEST_CASE("targets are taken apart and decoded") {
  const auto parsed = parse_target("/settings?keys=a%2Cb%20c&tx=x+y&tx=z");
  const Target& target = parsed.value();
  CHECK(target.path == "/settings");
  CHECK(target.query == std::map<std::string, std::string>{{"keys", "a,b c"}, {"tx", "z"}});
  for (const char* bad : {"", "settings", "http://a/b", "/a%zz", "/a?b=%00", "/a b"}) CHECK_FALSE(parse_target(bad));
}

TEST_CASE("every error code has a status, and the body says why") {
  const Response response = failure(error(ErrorCode::not_found, "no \xff").with_hint("look again"));
  CHECK(response.status == 404);
  const Json body = Json::parse(response.body);
  CHECK(body["code"] == "not_found");
  CHECK(body["hint"] == "look again");
  CHECK(status_of(error(ErrorCode::aborted, "")) == 409);
  CHECK(status_of(error(ErrorCode::locked, "")) == 423);
  CHECK(status_of(error(ErrorCode::data_loss, "")) == 500);
}
