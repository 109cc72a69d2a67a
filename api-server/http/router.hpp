// Which handler answers, and who may call it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api-server/http/message.hpp"

namespace bulkhead::http {

using Handler = std::function<void(const Request&, Reply)>;

struct Route {
  std::string_view method;
  std::string_view path;                   // "/v1/history/{commit}": a segment in braces matches any segment
  std::optional<Role> role = Role::admin;  // nothing: open to everybody
  Handler handler;
  bool json_body = false;  // requires content type application/json
};

class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  // Finds the route, checks the role, then the content type, and calls the handler. Otherwise answers with the error:
  // 404 with the nearest path, 405, 401, 403 or 415. Calls on_refused for 401 and 403.
  void dispatch(Request request, const Reply& reply) const;

  // Whether dispatch() would refuse this request because of the peer's role: then its body need not be read.
  bool refuses(std::string_view method, std::string_view path, const Peer& peer) const;

  // Called for requests that were refused because of the peer's role.
  std::function<void(const Request&, const Error&)> on_refused;

 private:
  std::vector<Route> routes_;
};

// True when the route's path matches; `captures` gets the segments in place of its braces.
bool fits(std::string_view route, std::string_view path, std::vector<std::string>& captures);

}  // namespace bulkhead::http
