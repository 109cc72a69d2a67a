#include "api-client/api.hpp"

#include <nlohmann/json.hpp>

#include "api-client/failure.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::client {

Result<Api> Api::open(const net::Endpoint& endpoint) {
  auto connection = TRY(net::Connection::open(endpoint));
  return Api(std::move(connection));
}

Result<std::string> Api::call(std::string_view method, const std::string& target, std::string json_body) {
  net::ClientResponse response = TRY(connection_.send({.method = std::string(method),
                                                       .target = target,
                                                       .body = std::move(json_body),
                                                       .content_type = "application/json"}));
  if (!response.ok()) return fail(error_of(response));
  return std::move(response.body);
}

Result<nlohmann::ordered_json> Api::call_json(std::string_view method, const std::string& target,
                                              std::string json_body) {
  const std::string answer = TRY(call(method, target, std::move(json_body)));
  return parse_answer(answer);
}

Result<std::string> Api::get(const std::string& target) { return call("GET", target); }

Result<nlohmann::ordered_json> Api::get_json(const std::string& target) {
  const std::string answer = TRY(get(target));
  return parse_answer(answer);
}

Result<> Api::stream(const net::ClientRequest& request, const std::function<bool(std::string_view)>& on_chunk) {
  const net::ClientResponse response = TRY(connection_.stream(request, on_chunk));
  if (!response.ok()) return fail(error_of(response));
  return {};
}

Result<nlohmann::ordered_json> parse_answer(std::string_view text) {
  auto document = codec::parse_ordered_json(text);
  if (!document) {
    return fail(error(ErrorCode::data_loss, "the node's answer is not JSON")
                    .with_hint("check that the address is that of a node's API"));
  }
  return document;
}

}  // namespace bulkhead::client
