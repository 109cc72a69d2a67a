// The node as a whole: /v1/version, /v1/status, /v1/health, /actions…, /updates/status, /v1/user-data, /report.
#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

using http::Reply;
using http::Request;
using http::Response;

constexpr int kUnavailable = 503;

Json status(const Node& node) {
  const NodeState state = node.state();
  const auto& open = node.configuration.current_try();
  return {{"state", to_string(state_of(state))},
          {"problems", problems_of(state)},
          {"os", os_json(node.os)},
          {"hostname", node.hostname()},
          {"slot", state.running.slot ? node_state::slot_letter(state.running) : ""},
          {"boot", node_state::boot_text(state)},
          {"commit", node.configuration.store().last_commit()},
          {"try", open ? configuration::json_of(*open, std::chrono::steady_clock::now()) : Json()},
          {"locked_down", node.configuration.locked_down()},
          {"relaxed", configuration::relaxed_parameters(node.configuration.in_effect().kernel)},
          {"failed_units", state.failed_units},
          {"addresses", address_texts(state)},
          {"transactions", node.configuration.store().transactions().size()}};
}

Response health(const Node& node) {
  const NodeState state = node.state();
  return http::json(health_json(state), state_of(state) == node_state::State::ready ? 200 : kUnavailable);
}

Result<Response> reboot(Node& node, const Request& request) {
  // Written first, because the reboot may end this process at any moment.
  node.audit.write({.author = request.peer->name, .action = "reboot", .result = "started", .always = true});
  if (auto started = node.reboot(); !started) {
    node.audit.write(
        {.author = request.peer->name, .action = "reboot", .result = "failed", .message = started.error().describe()});
    return fail(std::move(started).error());
  }
  return http::no_content();
}

Response lock_down(Node& node, const Request& request) {
  node.configuration.lock_down();
  node.audit.write({.author = request.peer->name, .action = "lockdown", .result = "done", .always = true});
  return http::no_content();
}

// `accepted`: a source, or empty.
void look_again(Node& node, const Request& request, const std::string& accepted, const Reply& reply) {
  node.user_data_again(accepted, [&node, peer = request.peer, accepted, reply](const Result<Json>& outcome) {
    node.audit.write({.author = peer->name,
                      .action = accepted.empty() ? "user data" : "accept user data of " + accepted,
                      .result = outcome ? "done" : "failed",
                      .message = outcome ? "" : outcome.error().describe(),
                      .always = !accepted.empty()});
    reply(outcome ? http::json(*outcome) : http::failure(outcome.error()));
  });
}

}  // namespace

std::vector<std::string> problems_of(const NodeState& node) {
  std::vector<std::string> problems;
  for (const std::string& unit : node.failed_units) problems.push_back(unit + " failed");
  problems.insert(problems.end(), node.problems.begin(), node.problems.end());
  return problems;
}

Json health_json(const NodeState& node) {
  return {{"state", to_string(state_of(node))}, {"problems", problems_of(node)}};
}

std::vector<std::string> address_texts(const NodeState& node) {
  std::vector<std::string> texts;
  for (const node_state::Address& address : node.addresses) texts.push_back(address.text);
  return texts;
}

void add_node_routes(http::Router& router, Node& node) {
  router.add({"GET", "/v1/version", std::nullopt, answering([&node](const Request&) {
                return http::json({{"api", "v1"}, {"product", "Bulkhead"}, {"version", node.os.version_id}});
              })});
  router.add(
      {"GET", "/v1/status", Role::reader, answering([&node](const Request&) { return http::json(status(node)); })});
  router.add({"GET", "/v1/health", Role::reader, answering([&node](const Request&) { return health(node); })});
  router.add({"GET", "/report", Role::reader,
              answering([&node](const Request& request) { return http::text(report(node, request.peer->role)); })});
  router.add(
      {"POST", "/actions/reboot", Role::admin, answering([&node](const Request& r) { return reboot(node, r); })});
  router.add(
      {"POST", "/actions/lockdown", Role::admin, answering([&node](const Request& r) { return lock_down(node, r); })});
  const auto no_updater = answering([](const Request&) -> Result<Response> {
    return fail(ErrorCode::not_found, "this version of Bulkhead has no updater");
  });
  for (const std::string_view action : {"/actions/refresh-updates", "/actions/prepare-update",
                                        "/actions/activate-update", "/actions/deactivate-update"})
    router.add({"POST", action, Role::admin, no_updater});
  router.add({"GET", "/updates/status", Role::reader, no_updater});
  router.add({"GET", "/v1/user-data", Role::reader,
              answering([&node](const Request&) { return http::json(node.user_data()); })});
  router.add({"PUT", "/v1/user-data", Role::admin,
              [&node](const Request& r, const Reply& reply) { look_again(node, r, {}, reply); }});
  // Not the PUT above, which the program that asks the metadata service may send.
  router.add({"POST", "/v1/user-data/{source}/accept", Role::admin,
              [&node](const Request& r, const Reply& reply) { look_again(node, r, r.captures.front(), reply); }});
}

}  // namespace bulkhead::handlers
