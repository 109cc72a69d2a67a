// All routes on a configuration without a machine, asked as the HTTP server would ask them.
#pragma once

#include "api-server/handlers/routes.hpp"
#include "tests/unit/api-server/configuration/fake_node.hpp"
#include "tests/unit/api-server/http/fake_stream.hpp"

namespace bulkhead::testing {

struct ApiFixture {
  FakeNode node;
  log::Log log{log::Log::Sink::standard_error};
  handlers::EventHub events;
  handlers::Audit audit{log, [] { return std::chrono::sys_time<std::chrono::microseconds>(); }};
  node_state::NodeState state{.boot_complete = true};
  Result<settings::Json> user_data = settings::Json{{"sources", settings::Json::array()}};
  std::string accepted{};  // the source of the last acceptance
  Result<> reboot{};
  int reboots = 0;
  handlers::Node parts{.configuration = node.configuration,
                       .events = events,
                       .audit = audit,
                       .os = {.pretty_name = "Bulkhead 7", .variant_id = "kvm", .version_id = "7"},
                       .state = [this] { return state; },
                       .hostname = [] { return std::string("node"); },
                       .user_data = [this] { return *user_data; },
                       .user_data_again =
                           [this](const std::string& source, const auto& done) {
                             accepted = source;
                             done(user_data);
                           },
                       .reboot =
                           [this] {
                             ++reboots;
                             return reboot;
                           },
                       .watch = [](int, const auto&) { return std::shared_ptr<void>(); }};
  http::Router router;

  ApiFixture() {
    handlers::add_routes(router, parts);
    node.on_event = [this](std::string_view name, const settings::Json& data) { events.publish(name, data); };
  }
  ApiFixture(const ApiFixture&) = delete;
  ApiFixture& operator=(const ApiFixture&) = delete;

  // Status 0: there is no answer yet. More than one is a fault.
  struct Asked {
    http::Response response{.status = 0};
    int replies = 0;

    int status() const { return response.status; }
    std::string body() const { return response.shared_body ? *response.shared_body : response.body; }
    settings::Json json() const { return settings::Json::parse(body()); }
    // Of an error.
    std::string code() const { return json().value("code", ""); }
    std::string message() const { return json().value("message", ""); }
  };
  std::shared_ptr<Asked> begin(const std::string& method, const std::string& target, const std::string& body = {},
                               std::optional<Role> role = Role::admin) {
    const http::Target parsed = must(http::parse_target(target));
    auto asked = std::make_shared<Asked>();
    router.dispatch({.method = method,
                     .path = parsed.path,
                     .query = parsed.query,
                     .content_type = "application/json",
                     .body = body,
                     .peer = std::make_shared<http::Peer>(
                         http::Peer{.name = "tester", .identity = "tester", .role = role, .refused = {}}),
                     .captures = {}},
                    [asked](http::Response response) {
                      asked->response = std::move(response);
                      ++asked->replies;
                    });
    return asked;
  }
  Asked ask(const std::string& method, const std::string& target, const std::string& body = {},
            std::optional<Role> role = Role::admin) {
    const auto asked = begin(method, target, body, role);
    CHECK(asked->replies == 1);
    return *asked;
  }
  // Stages and commits.
  void set(const settings::Json& document) {
    CHECK(ask("PATCH", "/settings", document.dump()).status() == 204);
    CHECK(ask("POST", "/v1/commit").status() == 200);
  }
  // "tester commit done": the newest record of the audit trail.
  std::string newest_record() const {
    const auto records = audit.newest(1);
    if (records.empty()) return "";
    const auto& record = records.front();
    return record.value("author", "") + " " + record.value("action", "") + " " + record.value("result", "");
  }
  // The answer to a streaming request, begun.
  static std::shared_ptr<FakeStream> open(const Asked& asked) {
    REQUIRE(asked.response.stream);
    auto stream = std::make_shared<FakeStream>();
    asked.response.stream(stream);
    return stream;
  }
};

}  // namespace bulkhead::testing
