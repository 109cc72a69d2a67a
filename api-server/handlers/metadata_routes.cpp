// Descriptions of settings, services and files: /metadata…, /services, /configuration-files, /os.
#include <algorithm>

#include "api-server/handlers/routes.hpp"
#include "api-server/user-data/generators.hpp"

namespace bulkhead::handlers {
namespace {

using http::Request;
using http::Response;
using settings::Key;

// One value for each key that has one.
Result<Response> for_each_key(const Request& request, const std::function<Json(const Key&)>& value) {
  Json result = Json::object();
  const std::vector<std::string> keys = TRY(listed(request, "keys", true));
  for (const std::string& text : keys) {
    const Key key = TRY(Key::parse(text));
    TRY(settings::find(settings::Settings::shape(), key));
    Json found = value(key);
    if (!found.is_null()) result["settings." + key.to_string()] = std::move(found);
  }
  return http::json(result);
}

Result<> check_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (render::find_service(name) == nullptr) return fail(ErrorCode::not_found, "there is no service '{}'", name);
  }
  return {};
}

Json generator(const Key& key) {
  const auto name = intake::generator_of(key.to_string());
  return name ? Json(*name) : Json();
}

}  // namespace

Json os_json(const Os& os) {
  return {{"pretty_name", os.pretty_name},
          {"variant_id", os.variant_id},
          {"version_id", os.version_id},
          {"build_id", os.build_id},
          {"arch", os.arch}};
}

Json services_json(const Node& node, const std::vector<std::string>& names) {
  const auto files = node.configuration.files();
  Json result = Json::object();
  for (const render::Service& service : render::services()) {
    if (!names.empty() && !std::ranges::contains(names, service.name)) continue;
    Json paths = Json::array();
    if (files) {
      for (const render::File& file : *files) {
        if (file.service == service.name) paths.push_back(file.path.native());
      }
    }
    Json commands = Json::array();
    if (service.action != render::Action::none)
      commands.push_back(
          std::format("{}{}{}", render::to_string(service.action), service.unit.empty() ? "" : " ", service.unit));
    result[std::string(service.name)] = {
        {"configuration-files", paths}, {"restart-commands", commands}, {"doc", service.doc}};
  }
  return result;
}

Json files_json(const Node& node) {
  Json result = Json::object();
  const auto files = node.configuration.files();
  if (!files) return result;
  for (const render::File& file : *files)
    result[file.path.native()] = {
        {"path", file.path.native()}, {"service", file.service}, {"mode", std::format("{:04o}", file.mode)}};
  return result;
}

void add_metadata_routes(http::Router& router, Node& node) {
  router.add({"GET", "/os", Role::reader, answering([&node](const Request& r) {
                const std::string prefix = r.parameter("prefix").value_or("");
                Json found = os_json(node.os);
                for (auto entry = found.begin(); entry != found.end();) {
                  const bool wanted = ("os." + entry.key()).starts_with(prefix) || entry.key().starts_with(prefix);
                  entry = wanted ? std::next(entry) : found.erase(entry);
                }
                return http::json(found);
              })});
  router.add({"GET", "/metadata/affected-services", Role::reader, answering([](const Request& r) {
                return for_each_key(r, [](const Key& key) { return Json(configuration::affected_services(key)); });
              })});
  router.add({"GET", "/metadata/setting-generators", Role::reader,
              answering([](const Request& r) { return for_each_key(r, generator); })});
  router.add({"GET", "/metadata/templates", Role::reader,
              answering([](const Request& r) { return for_each_key(r, [](const Key&) { return Json(); }); })});
  router.add({"GET", "/services", Role::reader, answering([&node](const Request& r) -> Result<Response> {
                const auto names = TRY(listed(r, "names", false));
                TRY(check_names(names));
                return http::json(services_json(node, names));
              })});
  router.add({"GET", "/configuration-files", Role::reader, answering([&node](const Request& r) -> Result<Response> {
                const auto names = TRY(listed(r, "names", false));
                Json files = files_json(node);
                if (names.empty()) return http::json(files);
                Json wanted = Json::object();
                for (const std::string& name : names) {
                  if (!files.contains(name))
                    return fail(ErrorCode::not_found, "no file {} is rendered from the settings in effect", name);
                  wanted[name] = files[name];
                }
                return http::json(wanted);
              })});
}

}  // namespace bulkhead::handlers
