// A request as it comes from a client: read by the HTTP library with the server's limits, its target taken apart, its
// body parsed, and what handlers make of parameters.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstddef>
#include <cstdint>

#include "api-server/handlers/routes.hpp"
#include "api-server/http/server.hpp"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const http::Limits limits;
  boost::beast::http::request_parser<boost::beast::http::string_body> parser;
  parser.header_limit(limits.head);
  parser.body_limit(limits.body);
  parser.eager(true);
  boost::system::error_code reason;
  parser.put(boost::asio::buffer(data, size), reason);
  if (!parser.is_header_done()) return 0;
  const auto message = parser.release();
  const auto target = http::parse_target({message.target().data(), message.target().size()});
  if (target) {
    std::vector<std::string> captures;
    if (http::fits("/v1/history/{commit}", target->path, captures) && captures.size() != 1) __builtin_trap();
    http::Request request{.method = std::string(message.method_string()),
                          .path = target->path,
                          .query = target->query,
                          .content_type = {},
                          .body = message.body(),
                          .peer = {},
                          .captures = captures};
    const auto keys = handlers::listed(request, "keys", false);
    for (std::size_t i = 0; keys && i < keys->size(); ++i) {
      if ((*keys)[i].empty()) __builtin_trap();
    }
    const auto limit = handlers::number(request, "limit", 1, 100, 7);
    if (limit && (*limit < 1 || *limit > 100)) __builtin_trap();
    if (const auto since = request.parameter("since")) (void)journal::parse_since(*since, {});
  }
  const auto body = handlers::parse_body(message.body());
  if (body && !http::failure(error(ErrorCode::internal, "{}",
                                   body->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)))
                   .body.size())
    __builtin_trap();
  return 0;
}
