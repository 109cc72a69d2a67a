#include "api-client/failure.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::client {

ErrorCode code_of_status(int status) {
  switch (status) {
    case 401:
    case 403: return ErrorCode::permission_denied;
    case 404: return ErrorCode::not_found;
    case 409:
    case 429: return ErrorCode::aborted;
    case 423: return ErrorCode::locked;
    case 408:
    case 502:
    case 503:
    case 504: return ErrorCode::unavailable;
    case 422: return ErrorCode::failed_precondition;
    default: return status >= 400 && status < 500 ? ErrorCode::invalid_argument : ErrorCode::internal;
  }
}

Error error_of(const net::ClientResponse& response) {
  const auto body = codec::parse_json(response.body).value_or(nlohmann::json());
  const auto text = [&body](const char* name) {
    const auto found = body.is_object() ? body.find(name) : body.end();
    const bool there = found != body.end() && found->is_string();
    return there ? printable(found->get_ref<const std::string&>()) : std::string();
  };
  const ErrorCode code = parse_error_code(text("code")).value_or(code_of_status(response.status));
  const std::string message = text("message");
  if (message.empty())
    return error(code, "the server answered with HTTP status {} and no error message", response.status)
        .with_hint("something other than the node's API may be answering; check the address");
  return Error{.code = code, .message = message, .context = {}, .hint = text("hint")};
}

}  // namespace bulkhead::client
