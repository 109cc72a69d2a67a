#include "api-server/handlers/routes.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::handlers {
namespace {

// The part of `value`, which is at `path`, whose keys begin with `prefix`. Only tables that can contain such keys are
// searched.
std::optional<Json> with_prefix(const Json& value, const settings::Shape& shape, const std::string& path,
                                std::string_view prefix) {
  if (path.starts_with(prefix)) return value;
  const bool table = shape.kind == settings::Kind::group || shape.kind == settings::Kind::map;
  if (!table || !prefix.starts_with(path)) return std::nullopt;
  Json found;
  for (const auto& [name, element] : value.items()) {
    const settings::Member* const member = shape.find(name);
    auto below = with_prefix(element, member == nullptr ? *shape.element : *member->shape,
                             path + '.' + settings::Key({name}).to_string(), prefix);
    if (below) found[name] = *std::move(below);
  }
  return found.is_null() ? std::nullopt : std::optional(std::move(found));
}

}  // namespace

void add_routes(http::Router& router, Node& node) {
  add_settings_routes(router, node);
  add_transaction_routes(router, node);
  add_metadata_routes(router, node);
  add_history_routes(router, node);
  add_node_routes(router, node);
  add_file_system_routes(router, node);
  add_boot_routes(router, node);
  add_stream_routes(router, node);
  router.on_refused = [&node](const http::Request& request, const Error& reason) {
    node.audit.write({.author = request.peer->name,
                      .action = request.method + " " + request.path,
                      .result = "refused",
                      .transaction = request.parameter("tx").value_or(""),
                      .message = reason.message,
                      .identity = request.peer->identity});
  };
}

http::Handler answering(std::function<Result<http::Response>(const http::Request&)> make) {
  return [make = std::move(make)](const http::Request& request, const http::Reply& reply) {
    auto response = make(request);
    reply(response ? *std::move(response) : http::failure(response.error()));
  };
}

configuration::Caller caller_of(const http::Request& request) {
  const http::Peer& peer = *request.peer;
  return {.identity = peer.identity,
          .name = peer.name,
          .role = peer.role.value_or(Role::reader),
          .role_now = peer.role_now};
}

std::string transaction_of(const http::Request& request) { return request.parameter("tx").value_or("default"); }

Result<std::vector<std::string>> listed(const http::Request& request, const std::string& name, bool needed) {
  const auto text = request.parameter(name);
  if (!text && !needed) return std::vector<std::string>();
  if (!text || text->empty()) return fail(ErrorCode::invalid_argument, "the parameter '{}' is empty or missing", name);
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (const char c : *text) {
    quoted ^= c == '"';
    if (c == ',' && !quoted)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (std::ranges::any_of(parts, &std::string::empty))
    return fail(ErrorCode::invalid_argument, "the parameter '{}' has an empty part", name);
  return parts;
}

Result<std::uint64_t> number(const http::Request& request, const std::string& name, std::uint64_t least,
                             std::uint64_t most, std::optional<std::uint64_t> fallback) {
  const auto text = request.parameter(name);
  if (!text && fallback) return *fallback;
  const auto value = parse_integer<std::uint64_t>(text.value_or(""));
  if (!value || *value < least || *value > most)
    return fail(ErrorCode::invalid_argument, "the parameter '{}' must be a number from {} to {}", name, least, most);
  return *value;
}

Result<Json> parse_body(const std::string& body) {
  auto parsed = codec::parse_json(body);
  if (!parsed) return fail(ErrorCode::invalid_argument, "the body cannot be read as JSON: {}", parsed.error().message);
  return parsed;
}

const Json& settings_for(const http::Request& request, const configuration::Configuration& configuration) {
  return request.peer->role >= Role::admin ? configuration.effective() : configuration.effective_redacted();
}

Json below_prefix(const Json& document, std::string_view prefix) {
  return with_prefix(document, settings::Settings::shape(), "settings", prefix).value_or(Json::object());
}

}  // namespace bulkhead::handlers
