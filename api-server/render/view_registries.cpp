// /etc/containerd/certs.d/<registry>/hosts.toml: the mirrors of each registry. The registry itself is asked when no
// mirror answers.
#include <algorithm>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

using Mirrors = std::map<std::string, std::vector<std::string>>;  // from registry to endpoints

Result<> add(Mirrors& mirrors, const std::string& registry, const std::vector<settings::Url>& endpoints) {
  std::vector<std::string> urls;
  for (const settings::Url& endpoint : endpoints) {
    std::string url = endpoint.text.contains("://") ? endpoint.text : "https://" + endpoint.text;
    if (!url.starts_with("https://") && !url.starts_with("http://")) {
      return fail(ErrorCode::invalid_argument, "container-registry.mirrors: {} is neither http nor https",
                  endpoint.text);
    }
    if (!std::ranges::contains(urls, url)) urls.push_back(std::move(url));
  }
  if (!mirrors.emplace(registry, std::move(urls)).second)
    return fail(ErrorCode::invalid_argument, "container-registry.mirrors: two entries for {}", registry);
  return {};
}

Result<Mirrors> mirrors_of(const settings::ContainerRegistry& registries) {
  Mirrors mirrors;
  if (!registries.mirrors) return mirrors;
  if (const auto* list = std::get_if<std::vector<settings::Mirror>>(&*registries.mirrors)) {
    for (const settings::Mirror& mirror : *list) {
      if (!mirror.registry)
        return fail(ErrorCode::invalid_argument, "container-registry.mirrors: one names no registry");
      TRY(add(mirrors, mirror.registry->text, mirror.endpoint.value_or(std::vector<settings::Url>())));
    }
    return mirrors;
  }
  for (const auto& [registry, endpoints] : std::get<1>(*registries.mirrors))
    TRY(add(mirrors, registry.text, endpoints));
  return mirrors;
}

// A path means that the mirror lies there, as in the older form of containerd's configuration; without one it lies
// where the distribution specification says.
bool has_path(std::string_view url) {
  const auto slash = url.find('/', url.find("://") + 3);
  return slash != std::string_view::npos && slash + 1 < url.size();
}

Result<std::string> hosts_toml(const std::vector<std::string>& urls) {
  View list(View::type::list);
  for (const std::string& url : urls) {
    View row;
    row["url"] = View(url);
    row["override_path"] = View(has_path(url));
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
  for (const auto& [registry, urls] : mirrors) {
    // The name becomes a folder.
    if (registry.starts_with('.') || registry.contains('/'))
      return fail(ErrorCode::invalid_argument, "container-registry.mirrors: {} is no host", registry);
    std::string content = TRY_CTX(hosts_toml(urls), "container-registry.mirrors");
    files.push_back(
        {.path = sys::Path("/etc/containerd/certs.d") / (registry == "*" ? "_default" : registry) / "hosts.toml",
         .content = std::move(content),
         .service = "containerd"});
  }
  return files;
}

}  // namespace bulkhead::render
