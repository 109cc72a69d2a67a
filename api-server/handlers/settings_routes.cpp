// GET and PATCH /settings, GET /, and descriptions of settings: /v1/schema, /v1/keys, /v1/explain.
#include "api-server/handlers/routes.hpp"
#include "lib/settings/reference.hpp"

namespace bulkhead::handlers {
namespace {

using http::Request;
using http::Response;
using settings::Key;
using settings::Settings;

Result<Json> of_keys(const Json& document, const std::vector<std::string>& keys) {
  Json result = Json::object();
  for (const std::string& text : keys) {
    const Key key = TRY(Key::parse(text));
    TRY(settings::find(Settings::shape(), key));
    const Json found = settings::only_below(document, key);
    if (found.empty()) return fail(ErrorCode::not_found, "{} is not set", key.to_string());
    result = settings::merged(std::move(result), found);
  }
  return result;
}

// A prefix of no key is an error; a prefix of keys that are not set gives an empty answer.
Result<Json> of_prefix(const Json& document, const std::string& prefix) {
  const std::string full = prefix.starts_with("settings") ? prefix : "settings." + prefix;
  Json found = below_prefix(document, full);
  if (!found.empty()) return found;
  const Key key = TRY(Key::parse(full));
  TRY(settings::find(Settings::shape(), key));
  return found;
}

// The whole document is requested most often, and stays the same until the next change.
class WholeDocument {
 public:
  std::shared_ptr<const std::string> text(const Request& request, const configuration::Configuration& configuration) {
    Cached& cached = request.peer->role >= Role::admin ? full_ : redacted_;
    if (!cached.text || cached.generation != configuration.generation()) {
      cached.text = std::make_shared<const std::string>(settings_for(request, configuration).dump() + '\n');
      cached.generation = configuration.generation();
    }
    return cached.text;
  }

 private:
  struct Cached {
    std::shared_ptr<const std::string> text;
    std::uint64_t generation = 0;
  };
  Cached full_;
  Cached redacted_;
};

Result<Response> get_settings(const Node& node, WholeDocument& whole, const Request& request) {
  const auto prefix = request.parameter("prefix");
  if (request.parameter("keys")) {
    if (prefix) return fail(ErrorCode::invalid_argument, "keys and prefix cannot be used together");
    const auto keys = TRY(listed(request, "keys", true));
    const Json values = TRY(of_keys(settings_for(request, node.configuration), keys));
    return http::json(values);
  }
  if (prefix && !prefix->empty()) {
    const Json values = TRY(of_prefix(settings_for(request, node.configuration), *prefix));
    return http::json(values);
  }
  return Response{.shared_body = whole.text(request, node.configuration)};
}

// "os.version_id" of {"version_id": …}.
Json os_below(const Json& os, std::string_view prefix) {
  Json found = Json::object();
  for (const auto& [name, value] : os.items()) {
    if (("os." + name).starts_with(prefix)) found[name] = value;
  }
  return found;
}

Result<Response> get_model(const Node& node, const Request& request) {
  const std::string prefix = request.parameter("prefix").value_or("");
  const auto wants = [&](std::string_view part) { return part.starts_with(prefix) || prefix.starts_with(part); };
  Json model = Json::object();
  if (wants("settings"))
    model["settings"] = TRY(of_prefix(settings_for(request, node.configuration), prefix.empty() ? "settings" : prefix));
  if (wants("os")) model["os"] = os_below(os_json(node.os), prefix.starts_with("os.") ? prefix : "os");
  if (wants("services")) model["services"] = services_json(node, {});
  if (wants("configuration-files")) model["configuration-files"] = files_json(node);
  if (model.empty())
    return fail(error(ErrorCode::not_found, "nothing begins with '{}'", prefix)
                    .with_hint("use settings, os, services or configuration-files"));
  return http::json(model);
}

Result<Response> patch_settings(Node& node, const Request& request) {
  const Json document = TRY(parse_body(request.body));
  if (document.is_object() && document.size() == 1 && document.contains("settings"))
    return fail(error(ErrorCode::invalid_argument, "there is no setting 'settings'")
                    .with_hint("leave out the outer table: {\"motd\": \"hello\"}"));
  TRY(node.configuration.stage(caller_of(request), transaction_of(request), document));
  return http::no_content();
}

Result<Response> patch_keypair(Node& node, const Request& request) {
  const Json body = TRY(parse_body(request.body));
  const Json* list = body.is_object() && body.contains("request_payload") ? &body["request_payload"] : nullptr;
  std::vector<std::string> assignments;
  for (std::size_t i = 0; list != nullptr && list->is_array() && i < list->size(); ++i) {
    if ((*list)[i].is_string()) assignments.push_back((*list)[i].get<std::string>());
  }
  if (list == nullptr || !list->is_array() || assignments.size() != list->size())
    return fail(ErrorCode::invalid_argument, R"(the body must be {{"request_payload": ["key=value", …]}})");
  TRY(node.configuration.stage_texts(caller_of(request), transaction_of(request), assignments));
  return http::no_content();
}

Result<Response> explain(const Request& request) {
  const auto text = request.parameter("key");
  if (!text) return fail(ErrorCode::invalid_argument, "the parameter 'key' is missing");
  const Key key = TRY(Key::parse(*text));
  const std::string explanation = TRY(settings::explain(Settings::shape(), key));
  return http::text(explanation);
}

Response schema() {
  Json document = settings::json_schema(Settings::shape());
  document["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  Response response = http::json(document);
  response.content_type = "application/schema+json";
  return response;
}

Response keys() {
  Json sentences = Json::object();
  for (const settings::Entry& entry : settings::entries(Settings::shape()))
    sentences[entry.key] = settings::sentence(*entry.shape, entry.about);
  return http::json(sentences);
}

}  // namespace

void add_settings_routes(http::Router& router, Node& node) {
  const auto whole = std::make_shared<WholeDocument>();
  router.add({"GET", "/", Role::reader, answering([&node](const Request& r) { return get_model(node, r); })});
  router.add({"GET", "/settings", Role::reader,
              answering([&node, whole](const Request& r) { return get_settings(node, *whole, r); })});
  router.add({"PATCH", "/settings", Role::operator_role,
              answering([&node](const Request& r) { return patch_settings(node, r); }), true});
  router.add({"PATCH", "/settings/keypair", Role::operator_role,
              answering([&node](const Request& r) { return patch_keypair(node, r); }), true});
  router.add({"DELETE", "/v1/settings", Role::operator_role, answering([&node](const Request& r) -> Result<Response> {
                const auto keys = TRY(listed(r, "keys", true));
                TRY(node.configuration.stage_unset(caller_of(r), transaction_of(r), keys));
                return http::no_content();
              })});
  router.add({"GET", "/v1/schema", Role::reader, answering([](const Request&) { return schema(); })});
  router.add({"GET", "/v1/keys", Role::reader, answering([](const Request&) { return keys(); })});
  router.add({"GET", "/v1/explain", Role::reader, answering(explain)});
}

}  // namespace bulkhead::handlers
