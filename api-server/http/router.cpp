#include "api-server/http/router.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::http {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kMethodNotAllowed = 405;
constexpr int kUnsupportedMediaType = 415;

Response unknown_path(const std::vector<Route>& routes, const std::string& path) {
  std::vector<std::string> known;
  for (const Route& route : routes) known.emplace_back(route.path);
  const std::string near = nearest(path, known);
  return failure(error(ErrorCode::not_found, "there is no path {}{}", path,
                       near.empty() ? "" : std::format("; the nearest is {}", near)));
}

// Empty when the peer may call the route.
std::optional<Error> refusal(const Peer& peer, const Route& route) {
  if (peer.role >= route.role || peer.also == std::format("{} {}", route.method, route.path)) return std::nullopt;
  if (!peer.role) return error(ErrorCode::permission_denied, "{}", peer.refused);
  return error(ErrorCode::permission_denied, "this needs the role {}, and {} has the role {}", name_of(route.role),
               peer.name, name_of(peer.role))
      .with_hint(peer.remote ? "an admin can give a client certificate another role: see 'apiclient explain api.roles'"
                             : "ask an admin, or root on the node");
}

Error wrong_content_type(const std::string& type) {
  constexpr std::size_t kLongestQuote = 64;
  return error(ErrorCode::invalid_argument, "the request needs the header 'Content-Type: application/json'; {}",
               type.empty() ? "it has none" : std::format("it has '{}'", type.substr(0, kLongestQuote)));
}

}  // namespace

bool fits(std::string_view route, std::string_view path, std::vector<std::string>& captures) {
  const auto wanted = split(route, '/');
  const auto given = split(path, '/');
  if (wanted.size() != given.size()) return false;
  std::vector<std::string> found;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{') && !given[i].empty())
      found.emplace_back(given[i]);
    else if (wanted[i] != given[i])
      return false;
  }
  captures = std::move(found);
  return true;
}

bool Router::refuses(std::string_view method, std::string_view path, const Peer& peer) const {
  std::vector<std::string> ignored;
  return std::ranges::any_of(routes_, [&](const Route& route) {
    return route.method == method && fits(route.path, path, ignored) && refusal(peer, route);
  });
}

void Router::dispatch(Request request, const Reply& reply) const {
  std::string allowed;
  for (const Route& route : routes_) {
    if (!fits(route.path, request.path, request.captures)) continue;
    if (route.method != request.method) {
      allowed += std::format("{}{}", allowed.empty() ? "" : ", ", route.method);
      continue;
    }
    if (const auto reason = refusal(*request.peer, route)) {
      if (on_refused) on_refused(request, *reason);
      const bool unknown = !request.peer->role && request.peer->name.empty();
      return reply(failure(unknown ? kUnauthorized : status_of(*reason), *reason));
    }
    if (route.json_body && request.content_type != "application/json") {
      return reply(failure(kUnsupportedMediaType, wrong_content_type(request.content_type)));
    }
    if (!on_refused) return route.handler(request, reply);
    // What only the handler can refuse: somebody else's transaction, an admin's setting.
    return route.handler(request, [this, reply,
                                   seen = Request{.method = request.method,
                                                  .path = request.path,
                                                  .query = request.query,
                                                  .content_type = {},
                                                  .body = {},
                                                  .peer = request.peer,
                                                  .captures = {}}](Response response) {
      if (response.refused) on_refused(seen, *response.refused);
      reply(std::move(response));
    });
  }
  // A peer without a role learns nothing about paths either.
  if (!request.peer->role)
    return reply(failure(kUnauthorized, error(ErrorCode::permission_denied, "{}", request.peer->refused)));
  if (allowed.empty()) return reply(unknown_path(routes_, request.path));
  reply(failure(kMethodNotAllowed, error(ErrorCode::invalid_argument, "{} is not supported for {}; use {}",
                                         request.method, request.path, allowed)));
}

}  // namespace bulkhead::http
