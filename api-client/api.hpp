// The API of one node, for the verbs: requests that fail with what the node says.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "lib/net/connection.hpp"

namespace bulkhead::client {

class Api {
 public:
  // Connects. Errors: those of net::Connection.
  static Result<Api> open(const net::Endpoint& endpoint);

  // The body of a 2xx answer; anything else is error_of() it.
  Result<std::string> get(const std::string& target);
  Result<nlohmann::ordered_json> get_json(const std::string& target);
  Result<std::string> call(std::string_view method, const std::string& target, std::string json_body = {});
  Result<nlohmann::ordered_json> call_json(std::string_view method, const std::string& target,
                                           std::string json_body = {});
  // Any status.
  Result<net::ClientResponse> ask(const net::ClientRequest& request) { return connection_.send(request); }
  // Until the node ends it or `on_chunk` says so.
  Result<> stream(const net::ClientRequest& request, const std::function<bool(std::string_view)>& on_chunk);

 private:
  explicit Api(net::Connection connection) : connection_(std::move(connection)) {}
  net::Connection connection_;
};

// JSON that should be well-formed because the node wrote it.
Result<nlohmann::ordered_json> parse_answer(std::string_view text);

}  // namespace bulkhead::client
