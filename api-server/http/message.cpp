#include "api-server/http/message.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace bulkhead::http {

std::string_view name_of(std::optional<Role> role) { return role ? to_string(*role) : "none"; }

std::optional<std::string> Request::parameter(const std::string& name) const {
  const auto found = query.find(name);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Response json(const Json& body, int status) {
  // Bytes of a journal need not be UTF-8.
  return {.status = status, .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n'};
}

Response text(std::string body) { return {.content_type = "text/plain; charset=utf-8", .body = std::move(body)}; }

Response no_content() { return {.status = 204, .content_type = {}}; }

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument: return 400;
    case ErrorCode::not_found: return 404;
    case ErrorCode::already_exists: return 409;
    case ErrorCode::permission_denied: return 403;
    case ErrorCode::failed_precondition: return 422;
    case ErrorCode::aborted: return 409;
    case ErrorCode::locked: return 423;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::data_loss: return 500;
    case ErrorCode::verification_failed: return 422;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

Response failure(const Error& error) {
  Response response = failure(status_of(error), error);
  if (error.code == ErrorCode::permission_denied) response.refused = error;
  return response;
}

Response failure(int status, const Error& error) {
  Json body = {{"status", status}, {"code", to_string(error.code)}, {"message", error.describe()}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  return json(body, status);
}

Result<Target> parse_target(std::string_view target) {
  const auto parsed = boost::urls::parse_origin_form(target);
  if (!parsed)
    return fail(ErrorCode::invalid_argument, "the request target is not a path: {}", parsed.error().message());
  Target result{.path = parsed->path(), .query = {}};
  boost::urls::encoding_opts plus_is_space;
  plus_is_space.space_as_plus = true;
  for (const auto& parameter : parsed->params(plus_is_space)) result.query[parameter.key] = parameter.value;
  const auto has_zero = [](const std::string& text) { return text.contains('\0'); };
  if (has_zero(result.path) ||
      std::ranges::any_of(result.query, [&](const auto& each) { return has_zero(each.second); }))
    return fail(ErrorCode::invalid_argument, "the request target has a zero byte");
  return result;
}

}  // namespace bulkhead::http
