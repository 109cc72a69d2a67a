#include <algorithm>

#include "api-server/configuration/configuration.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::configuration {
namespace {

using settings::Settings;

template <class... Args>
Result<> require(bool right, std::format_string<Args...> format, Args&&... args) {
  if (right) return {};
  return fail(ErrorCode::invalid_argument, format, std::forward<Args>(args)...);
}

Result<> check_sandbox(const settings::Sandbox& sandbox) {
  if (!sandbox.default_runtime || !sandbox.allowed_runtimes) return {};
  return require(std::ranges::contains(*sandbox.allowed_runtimes, *sandbox.default_runtime),
                 "sandbox.default-runtime: the default runtime must be one of sandbox.allowed-runtimes");
}

// Workloads are an operator's, and what may isolate them is the admin's.
Result<> check_workloads(const Settings& settings) {
  const auto& allowed =
      settings::set_or_default(settings.sandbox.allowed_runtimes, Settings::defaults().sandbox.allowed_runtimes);
  for (const auto& [name, workload] : settings.workloads) {
    TRY(require(!workload.runtime || std::ranges::contains(allowed, *workload.runtime),
                "workloads.{}.runtime: must be one of sandbox.allowed-runtimes", name.text));
  }
  return {};
}

Result<> check_api(const settings::Api& api) {
  TRY(require(api.certificate.has_value() == api.key.has_value(),
              "api.certificate and api.key belong together: set both or unset both"));
  for (std::size_t i = 0; api.roles && i < api.roles->size(); ++i) {
    const settings::ClientRole& entry = api.roles->at(i);
    TRY(require(entry.subject && entry.role, "api.roles[{}]: needs a subject and a role", i));
  }
  return {};
}

Result<> check_interfaces(const settings::Network& network) {
  int primary = 0;
  for (const auto& [name, interface] : network.interfaces) {
    const std::string at = Key({"network", "interfaces", name.to_string()}).to_string();
    if (interface.primary.value_or(false)) ++primary;
    if (!interface.kind) continue;
    if (*interface.kind == settings::InterfaceKind::vlan)
      TRY(require(interface.device && interface.id, "{}: a VLAN needs device and id", at));
    else
      TRY(require(interface.interfaces && !interface.interfaces->empty(), "{}: a bond needs interfaces", at));
  }
  return require(primary <= 1, "network.interfaces: only one interface can be the primary one");
}

Result<> check_time_servers(const settings::Ntp& ntp) {
  constexpr std::uint16_t kNtpPort = 123;
  for (const settings::Server& server : ntp.time_servers.value_or(std::vector<settings::Server>())) {
    const std::uint16_t port = server.value().port.value_or(kNtpPort);
    TRY(require(port == kNtpPort, "ntp.time-servers: {} has port {}, but systemd-timesyncd only asks port {}",
                server.value().host, port, kNtpPort));
  }
  return {};
}

Result<> check_health(const settings::Health& health) {
  for (const auto& [name, check] : health.checks) {
    TRY(require(check.unit.has_value() != check.url.has_value(), "health.checks.{}: needs either a unit or a url",
                name.text));
  }
  return {};
}

Result<> check_kernel(const settings::Kernel& kernel) {
  std::set<std::string> relaxed;
  for (const settings::SysctlKey& key : kernel.relax.value_or(std::vector<settings::SysctlKey>())) {
    TRY(require(settings::find_hardened_sysctl(key.text) != nullptr,
                "kernel.relax: the image does not harden {}, so it can be set without this", key.text));
    relaxed.insert(settings::sysctl_path(key.text));
  }
  std::map<std::string, std::string> seen;  // two spellings of one parameter
  for (const auto& [key, value] : kernel.sysctl) {
    const std::string path = settings::sysctl_path(key.text);
    const auto [other, first] = seen.emplace(path, key.text);
    TRY(require(first, "kernel.sysctl: {} and {} are the same parameter", other->second, key.text));
    TRY(settings::check_sysctl(key.text, value.text, relaxed.contains(path)));
  }
  return {};
}

void add_services(std::set<std::string>& services, const settings::About& about) {
  for (const std::string_view name : split(about.affects, ' ')) services.emplace(name);
}

void add_services_below(std::set<std::string>& services, const settings::Shape& shape) {
  if (shape.element != nullptr) add_services_below(services, *shape.element);
  for (const settings::Member& member : shape.members) {
    add_services(services, member.about);
    add_services_below(services, *member.shape);
  }
}

}  // namespace

Result<> check_together(const Settings& settings) {
  TRY(check_sandbox(settings.sandbox));
  TRY(check_workloads(settings));
  TRY(check_api(settings.api));
  TRY(check_interfaces(settings.network));
  TRY(check_time_servers(settings.ntp));
  TRY(check_kernel(settings.kernel));
  return check_health(settings.health);
}

Result<> check_role(const std::vector<datastore::Change>& changes, const Caller& caller) {
  for (const datastore::Change& change : changes) {
    if (settings::changed_by(Settings::shape(), change.key) <= caller.role) continue;
    return fail(ErrorCode::permission_denied, "{} may not change {}: this needs the role admin", caller.name,
                change.key.to_string());
  }
  return {};
}

std::vector<std::string> relaxed_parameters(const settings::Kernel& kernel) {
  std::vector<std::string> relaxed;
  for (const auto& [key, value] : kernel.sysctl) {
    const settings::HardenedSysctl* hardened = settings::find_hardened_sysctl(key.text);
    if (hardened != nullptr && settings::is_weaker(*hardened, value.text))
      relaxed.push_back(std::format("{} = {}", key.text, value.text));
  }
  return relaxed;
}

bool is_about_access(const datastore::Change& change) { return change.key.is_below(Key({"api"})); }

std::set<std::string> affected_services(const Key& key) {
  std::set<std::string> services;
  const auto found = settings::find(settings::Settings::shape(), key);
  if (!found) return services;
  if (found->member != nullptr) add_services(services, found->member->about);
  add_services_below(services, *found->shape);
  return services;
}

std::set<std::string> affected_services(const std::vector<datastore::Change>& changes) {
  std::set<std::string> services;
  for (const datastore::Change& change : changes) services.merge(affected_services(change.key));
  return services;
}

}  // namespace bulkhead::configuration
