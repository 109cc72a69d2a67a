#include <algorithm>

#include "api-server/configuration/configuration.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::configuration {
namespace {

using settings::Settings;

// What breaks a rule, with the keys to leave out (Conflict).
class Conflicts {
 public:
  template <class... Args>
  void require(bool right, std::vector<Key> keys, std::format_string<Args...> format, Args&&... args) {
    if (right) return;
    add(std::move(keys), error(ErrorCode::invalid_argument, format, std::forward<Args>(args)...));
  }
  void add(std::vector<Key> keys, Error reason) {
    found_.push_back({.keys = std::move(keys), .reason = std::move(reason)});
  }
  std::vector<Conflict> take() && { return std::move(found_); }

 private:
  std::vector<Conflict> found_;
};

std::string names_of(const std::vector<settings::Runtime>& runtimes) {
  std::string names;
  for (const settings::Runtime runtime : runtimes)
    names += std::format("{}{}", names.empty() ? "" : ", ", settings::name_of(runtime));
  return names.empty() ? "none" : names;
}

void check_sandbox(const settings::Sandbox& sandbox, Conflicts& conflicts) {
  if (!sandbox.default_runtime || !sandbox.allowed_runtimes) return;
  conflicts.require(std::ranges::contains(*sandbox.allowed_runtimes, *sandbox.default_runtime),
                    {Key({"sandbox", "default-runtime"}), Key({"sandbox", "allowed-runtimes"})},
                    "sandbox.default-runtime: {} is not one of the allowed runtimes ({}). Add it to "
                    "sandbox.allowed-runtimes, or choose another one",
                    settings::name_of(*sandbox.default_runtime), names_of(*sandbox.allowed_runtimes));
}

// Workloads are an operator's, and what may isolate them is the admin's.
void check_workloads(const Settings& settings, Conflicts& conflicts) {
  const auto& allowed =
      settings::set_or_default(settings.sandbox.allowed_runtimes, Settings::defaults().sandbox.allowed_runtimes);
  for (const auto& [name, workload] : settings.workloads) {
    conflicts.require(!workload.runtime || std::ranges::contains(allowed, *workload.runtime),
                      {Key({"workloads", name.text, "runtime"})},
                      "workloads.{}.runtime: {} is not one of the allowed runtimes ({}). An admin can add it to "
                      "sandbox.allowed-runtimes",
                      name.text, settings::name_of(workload.runtime.value_or(settings::Runtime::crun)),
                      names_of(allowed));
  }
}

void check_api(const settings::Api& api, Conflicts& conflicts) {
  conflicts.require(api.certificate.has_value() == api.key.has_value(),
                    {Key({"api", "certificate"}), Key({"api", "key"})},
                    "api.certificate and api.key belong together: set both or unset both");
  for (std::size_t i = 0; api.roles && i < api.roles->size(); ++i) {
    const settings::ClientRole& entry = api.roles->at(i);
    conflicts.require(entry.subject && entry.role, {Key({"api", "roles"})}, "api.roles[{}]: needs a subject and a role",
                      i);
  }
}

void check_interfaces(const settings::Network& network, Conflicts& conflicts) {
  bool has_primary = false;
  for (const auto& [name, interface] : network.interfaces) {
    const Key at({"network", "interfaces", name.to_string()});
    if (interface.primary.value_or(false)) {
      conflicts.require(!has_primary, {at.child("primary")},
                        "network.interfaces: only one interface can be the primary one");
      has_primary = true;
    }
    if (!interface.kind) continue;
    if (*interface.kind == settings::InterfaceKind::vlan)
      conflicts.require(interface.device && interface.id, {at}, "{}: a VLAN needs device and id", at.to_string());
    else
      conflicts.require(interface.interfaces && !interface.interfaces->empty(), {at}, "{}: a bond needs interfaces",
                        at.to_string());
  }
}

void check_time_servers(const settings::Ntp& ntp, Conflicts& conflicts) {
  constexpr std::uint16_t kNtpPort = 123;
  for (const settings::Server& server : ntp.time_servers.value_or(std::vector<settings::Server>())) {
    const std::uint16_t port = server.value().port.value_or(kNtpPort);
    conflicts.require(port == kNtpPort, {Key({"ntp", "time-servers"})},
                      "ntp.time-servers: {} has port {}, but systemd-timesyncd only asks port {}", server.value().host,
                      port, kNtpPort);
  }
}

void check_credentials(const settings::ContainerRegistry& registries, Conflicts& conflicts) {
  const std::vector<Key> keys = {Key({"container-registry", "credentials"})};
  for (const auto& entry : registries.credentials.value_or(std::vector<settings::Credential>())) {
    const std::string registry = entry.registry ? entry.registry->to_string() : "an entry";
    conflicts.require(entry.username.has_value() == entry.password.has_value(), keys,
                      "container-registry.credentials: {} needs both username and password, or neither", registry);
    conflicts.require(entry.username || entry.auth || entry.identitytoken, keys,
                      "container-registry.credentials: {} needs username and password, auth, or identitytoken",
                      registry);
  }
}

void check_pki(const std::map<settings::Identifier, settings::CertificateBundle>& bundles, Conflicts& conflicts) {
  for (const auto& [name, bundle] : bundles) {
    conflicts.require(!bundle.trusted.value_or(false) || (bundle.data && !bundle.data->value().empty()),
                      {Key({"pki", name.text, "trusted"})}, "pki.{}: trusted needs certificates: set pki.{}.data",
                      name.text, name.text);
  }
}

void check_health(const settings::Health& health, Conflicts& conflicts) {
  for (const auto& [name, check] : health.checks) {
    conflicts.require(check.unit.has_value() != check.url.has_value(), {Key({"health", "checks", name.text})},
                      "health.checks.{}: needs either a unit or a url", name.text);
  }
}

void check_kernel(const settings::Kernel& kernel, Conflicts& conflicts) {
  conflicts.require(
      kernel.lockdown != settings::Lockdown::none, {Key({"kernel", "lockdown"})},
      "kernel.lockdown: \"none\" cannot be set, because the signed image starts the kernel with \"integrity\"");
  std::set<std::string> relaxed;
  for (const settings::SysctlKey& key : kernel.relax.value_or(std::vector<settings::SysctlKey>())) {
    conflicts.require(
        !settings::names_program(key.text), {Key({"kernel", "relax"})},
        "kernel.relax: {} cannot be set at all, because it decides which programs the kernel starts as root", key.text);
    conflicts.require(settings::names_program(key.text) || settings::find_hardened_sysctl(key.text) != nullptr,
                      {Key({"kernel", "relax"})},
                      "kernel.relax: the image does not harden {}, so it can be set without this", key.text);
    relaxed.insert(settings::sysctl_path(key.text));
  }
  std::map<std::string, std::string> seen;  // two spellings of one parameter
  for (const auto& [key, value] : kernel.sysctl) {
    const Key at({"kernel", "sysctl", key.text});
    const std::string path = settings::sysctl_path(key.text);
    const auto [other, first] = seen.emplace(path, key.text);
    conflicts.require(first, {at}, "kernel.sysctl: {} and {} are the same parameter", other->second, key.text);
    auto allowed = settings::check_sysctl(key.text, value.text, relaxed.contains(path));
    if (first && !allowed) conflicts.add({at}, std::move(allowed).error());
  }
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

std::vector<Conflict> conflicts_between(const Settings& settings) {
  Conflicts conflicts;
  check_sandbox(settings.sandbox, conflicts);
  check_workloads(settings, conflicts);
  check_api(settings.api, conflicts);
  check_interfaces(settings.network, conflicts);
  check_time_servers(settings.ntp, conflicts);
  check_kernel(settings.kernel, conflicts);
  check_credentials(settings.container_registry, conflicts);
  check_pki(settings.pki, conflicts);
  check_health(settings.health, conflicts);
  return std::move(conflicts).take();
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
