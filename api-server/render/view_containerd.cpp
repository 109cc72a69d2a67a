// /etc/containerd/config.toml.
#include <algorithm>
#include <set>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

// The handler of containers that name none. A sandbox that the image does not have must not silently become another
// one.
Result<std::string> default_runtime(const settings::Sandbox& sandbox) {
  const settings::Sandbox& declared = settings::Settings::defaults().sandbox;
  const settings::Runtime runtime = settings::set_or_default(sandbox.default_runtime, declared.default_runtime);
  std::string name(settings::name_of(runtime));
  const auto& allowed = settings::set_or_default(sandbox.allowed_runtimes, declared.allowed_runtimes);
  if (!std::ranges::contains(allowed, runtime))
    return fail(ErrorCode::invalid_argument, "sandbox.default-runtime: {} is not in sandbox.allowed-runtimes", name);
  if (runtime != settings::Runtime::crun) {
    return fail(ErrorCode::invalid_argument, "sandbox.default-runtime: this image does not have {}; it has crun", name);
  }
  return name;
}

// The key by which containerd looks up credentials: the host that it talks to.
Result<std::string> credential_host(const settings::Credential& credential) {
  if (!credential.registry || credential.registry->value().is_every())
    return fail(ErrorCode::invalid_argument,
                "container-registry.credentials: each entry needs the name of one registry");
  const std::string& registry = credential.registry->to_string();
  return registry == "docker.io" ? "registry-1.docker.io" : registry;
}

Result<View> credentials_view(const settings::ContainerRegistry& registries) {
  View list(View::type::list);
  std::set<std::string> seen;
  for (const auto& credential : registries.credentials.value_or(std::vector<settings::Credential>())) {
    const std::string host = TRY(credential_host(credential));
    if (!seen.insert(host).second)
      return fail(ErrorCode::invalid_argument, "container-registry.credentials: {} has two entries", host);
    View row;
    row["registry"] = View(host);
    const auto set = [&](const std::string& name, const auto& value) {
      row[name] = value ? View(value->to_string()) : View(false);
    };
    set("username", credential.username);
    set("password", credential.password);
    set("auth", credential.auth);
    set("identitytoken", credential.identitytoken);
    list << row;
  }
  return list;
}

View boolean(const std::optional<bool>& given, const std::optional<bool>& declared) {
  return {settings::set_or_default(given, declared) ? "true" : "false"};
}

template <class T>
View number(const std::optional<T>& given, const std::optional<T>& declared) {
  return {std::to_string(settings::set_or_default(given, declared).value)};
}

}  // namespace

Files containerd_files(const settings::Settings& settings, const Facts& /*facts*/) {
  const settings::Settings& defaults = settings::Settings::defaults();
  const settings::ContainerRuntime& runtime = settings.container_runtime;
  const settings::ContainerRuntime& declared = defaults.container_runtime;
  View view;
  view["log_line"] = number(runtime.max_container_log_line_size, declared.max_container_log_line_size);
  view["downloads"] = number(runtime.max_concurrent_downloads, declared.max_concurrent_downloads);
  view["ports"] = boolean(runtime.enable_unprivileged_ports, declared.enable_unprivileged_ports);
  view["icmp"] = boolean(runtime.enable_unprivileged_icmp, declared.enable_unprivileged_icmp);
  view["device_ownership"] = boolean(settings.kubernetes.device_ownership_from_security_context,
                                     defaults.kubernetes.device_ownership_from_security_context);
  const std::string handler = TRY(default_runtime(settings.sandbox));
  view["runtime"] = View(handler);
  view["base_spec"] = View(has_oci_defaults(settings));
  view["mirrors"] = View(has_mirrors(settings));
  const View credentials = TRY(credentials_view(settings.container_registry));
  const bool secret = credentials.is_non_empty_list();
  view["credentials"] = View(credentials);
  std::vector<File> files;
  std::string content = TRY_CTX(fill("containerd", view, Format::quoted), "container-registry.credentials");
  files.push_back({.path = "/etc/containerd/config.toml",
                   .content = std::move(content),
                   .mode = secret ? mode_t{0600} : mode_t{0644},
                   .secret = secret,
                   .service = "containerd"});
  return files;
}

}  // namespace bulkhead::render
