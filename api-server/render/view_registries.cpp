// /etc/containerd/certs.d/<registry>/hosts.toml: the mirrors of each registry. containerd falls back to the registry
// itself when no mirror answers.
#include <algorithm>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

struct Endpoint {
  std::string url;
  // With a path, the mirror is at that path, as in the older form of containerd's configuration; without one, it is at
  // the path of the distribution specification.
  bool override_path = false;
};
using Mirrors = std::map<settings::value::Registry, std::vector<Endpoint>>;

Result<> add(Mirrors& mirrors, const settings::value::Registry& registry,
             const std::vector<settings::MirrorUrl>& endpoints) {
  std::vector<Endpoint> made;
  for (const settings::MirrorUrl& endpoint : endpoints) {
    const settings::value::Url& url = endpoint.value();
    std::string text = url.scheme().empty() ? "https://" + url.to_string() : url.to_string();
    if (std::ranges::contains(made, text, &Endpoint::url)) continue;
    made.push_back({.url = std::move(text), .override_path = url.has_path()});
  }
  if (!mirrors.emplace(registry, std::move(made)).second)
    return fail(ErrorCode::invalid_argument, "container-registry.mirrors: {} has two entries", registry.to_string());
  return {};
}

Result<Mirrors> mirrors_of(const settings::ContainerRegistry& registries) {
  Mirrors mirrors;
  if (!registries.mirrors) return mirrors;
  if (const auto* list = std::get_if<std::vector<settings::Mirror>>(&*registries.mirrors)) {
    for (const settings::Mirror& mirror : *list) {
      if (!mirror.registry)
        return fail(ErrorCode::invalid_argument, "container-registry.mirrors: each entry needs a registry");
      TRY(add(mirrors, mirror.registry->value(), mirror.endpoint.value_or(std::vector<settings::MirrorUrl>())));
    }
    return mirrors;
  }
  for (const auto& [registry, endpoints] : std::get<1>(*registries.mirrors))
    TRY(add(mirrors, registry.value(), endpoints));
  return mirrors;
}

std::string folder_of(const settings::value::Registry& registry) {
  return registry.is_every() ? "_default" : registry.to_string();
}

Result<std::string> hosts_toml(const std::vector<Endpoint>& endpoints) {
  View list(View::type::list);
  for (const Endpoint& endpoint : endpoints) {
    View row;
    row["url"] = View(endpoint.url);
    row["override_path"] = View(endpoint.override_path);
    list << row;
  }
  View view;
  view["endpoints"] = std::move(list);
  return fill("registry_hosts", view, Format::quoted);
}

}  // namespace

bool has_mirrors(const settings::Settings& settings) {
  const auto& mirrors = settings.container_registry.mirrors;
  return mirrors && std::visit([](const auto& all) { return !all.empty(); }, *mirrors);
}

Files registry_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  const auto mirrors = TRY(mirrors_of(settings.container_registry));
  for (const auto& [registry, endpoints] : mirrors) {
    std::string content = TRY_CTX(hosts_toml(endpoints), "container-registry.mirrors");
    files.push_back({.path = sys::Path("/etc/containerd/certs.d") / folder_of(registry) / "hosts.toml",
                     .content = std::move(content),
                     .service = "containerd"});
  }
  return files;
}

}  // namespace bulkhead::render
