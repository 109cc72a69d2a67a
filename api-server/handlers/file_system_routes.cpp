// /v1/file-systems: what became of STATE and DATA in this boot, and a new beginning for one that is lost.
#include "api-server/handlers/routes.hpp"

namespace bulkhead::handlers {
namespace {

using file_systems::FileSystem;
using http::Reply;
using http::Request;

Json outcomes_json(const Node& node) {
  Json outcomes = Json::object();
  for (const FileSystem which : file_systems::kFileSystems) {
    const auto outcome = node.file_system(which);
    outcomes[to_string(which)] = {{"outcome", outcome ? to_string(outcome->kind) : "unknown"},
                                  {"reason", outcome ? outcome->reason : ""},
                                  {"lasts", outcome && file_systems::lasts(outcome->kind)}};
  }
  return outcomes;
}

Result<FileSystem> asked_for(const Node& node, const Request& request) {
  const std::string name = request.captures.front();
  const auto which = file_systems::parse_file_system(name);
  if (!which)
    return fail(error(ErrorCode::not_found, "there is no file system '{}'", name).with_hint("it is 'state' or 'data'"));
  const auto outcome = node.file_system(*which);
  if (!outcome || file_systems::lasts(outcome->kind))
    return fail(error(ErrorCode::failed_precondition, "{} is not lost, and only a lost file system can be made anew",
                      label(*which))
                    .with_hint("see what is wrong: apiclient status"));
  if (node.configuration.locked_down())
    return fail(configuration::locked("the node is locked down until its next boot"));
  return *which;
}

void reset(Node& node, const Request& request, const Reply& reply) {
  const auto which = asked_for(node, request);
  if (!which) return reply(http::failure(which.error()));
  const std::string action = std::format("reset {}", to_string(*which));
  node.audit.write({.author = request.peer->name, .action = action, .result = "started", .always = true});
  node.reset_file_system(*which, [&node, peer = request.peer, action, reply](const Result<>& done) {
    node.audit.write({.author = peer->name,
                      .action = action,
                      .result = done ? "done" : "failed",
                      .message = done ? "" : done.error().describe(),
                      .always = true});
    reply(done ? http::json(outcomes_json(node)) : http::failure(done.error()));
  });
}

}  // namespace

void add_file_system_routes(http::Router& router, Node& node) {
  router.add({"GET", "/v1/file-systems", Role::reader,
              answering([&node](const Request&) { return http::json(outcomes_json(node)); })});
  router.add({"POST", "/v1/file-systems/{name}/reset", Role::admin,
              [&node](const Request& request, const Reply& reply) { reset(node, request, reply); }});
}

}  // namespace bulkhead::handlers
