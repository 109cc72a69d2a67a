#include <algorithm>
#include <array>

#include "api-server/render/render.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::render {
namespace {

constexpr auto kServices = std::to_array<Service>({
    {.name = "lockdown",
     .doc = "The kernel's lockdown mode. It only gets stricter while the node runs; a weaker mode takes effect at the "
            "next boot.",
     .action = Action::lockdown},
    {.name = "smt",
     .doc = "The threads of each processor core. Takes effect at once; programs on a thread that goes move to others.",
     .action = Action::smt},
    {.name = "boot-parameters", .doc = "Parameters of the next boot. Nothing reads this yet."},
    {.name = "kernel-modules",
     .doc = "Modules to load and modules never to load. A loaded module stays loaded until the next boot.",
     .unit = "systemd-modules-load.service",
     .action = Action::restart,
     .start = true},
    {.name = "sysctl",
     .doc = "Kernel parameters. One that is no longer set keeps its value until the next boot.",
     .unit = "systemd-sysctl.service",
     .action = Action::restart,
     .start = true},
    {.name = "hostname", .doc = "The kernel's host name.", .action = Action::hostname},
    {.name = "hosts", .doc = "Names with fixed addresses; read at every lookup."},
    {.name = "motd", .doc = "The message of the day; read whenever it is shown."},
    {.name = "certificates", .doc = "Certificates that programs trust; they read them when they start."},
    {.name = "aws", .doc = "The configuration for AWS. Nothing reads this yet."},
    {.name = "firewall",
     .doc = "The packet filter. All rules are replaced at once; open connections continue.",
     .unit = "bulkhead-firewall.service",
     .action = Action::reload},
    {.name = "networkd",
     .doc = "Interfaces. A bond or VLAN that is no longer set stays until the next boot, without addresses.",
     .unit = "systemd-networkd.service",
     .action = Action::reload},
    {.name = "resolved", .doc = "Name servers.", .unit = "systemd-resolved.service", .action = Action::restart},
    {.name = "timesyncd", .doc = "Time servers.", .unit = "systemd-timesyncd.service", .action = Action::restart},
    {.name = "cni",
     .doc = "The network of new containers. containerd notices the file by itself; containers that run "
            "keep their network."},
    {.name = "containerd",
     .doc = "The container engine. Containers keep running while it restarts.",
     .unit = "containerd.service",
     .action = Action::restart},
    {.name = "host-containers", .doc = "Containers that manage the host. Nothing reads this yet."},
    {.name = "bootstrap-containers", .doc = "Containers that run while the node boots. Nothing reads this yet."},
    {.name = "bootstrap-commands", .doc = "Commands for apiclient while the node boots. Nothing reads this yet."},
    {.name = "workloads", .doc = "Containers that the node runs by itself. Nothing reads this yet."},
    {.name = "kubelet", .doc = "The Kubernetes agent. Nothing reads this yet."},
    {.name = "updater", .doc = "Updates of the operating system. Nothing reads this yet."},
    {.name = "metrics", .doc = "Health pings. Nothing reads this yet."},
    {.name = "health", .doc = "Checks that gate a trial boot. Nothing reads this yet."},
    {.name = "apiserver", .doc = "The API server itself, which reads its settings from the datastore."},
});

constexpr auto kPermanent = std::to_array<FileFamily>({
    {"hostname", "/etc", "hostname"},
    {"hosts", "/etc", "hosts"},
    {"motd", "/etc", "motd"},
    {"firewall", "/etc", "nftables.conf"},
    {"containerd", "/etc/containerd", "config.toml", "mode 0600 if it has credentials"},
    {"certificates", "/etc/ssl/certs", "ca-certificates.crt", "the image's certificates and the trusted ones"},
});

constexpr auto kFamilies = std::to_array<FileFamily>({
    {"kernel-modules", "/etc/modules-load.d", "60-settings.conf", "when a module is loaded at boot"},
    {"kernel-modules", "/etc/modprobe.d", "60-settings.conf", "when a module is not allowed"},
    {"sysctl", "/etc/sysctl.d", "60-settings.conf", "when a parameter is set"},
    {"networkd", "/etc/systemd/network", "10-bulkhead-*.network", "for each interface in the settings"},
    {"networkd", "/etc/systemd/network", "10-bulkhead-*.netdev", "for each bond and VLAN"},
    {"networkd", "/etc/systemd/network", "80-bulkhead-dhcp.network",
     "when an interface is set: the others are not used"},
    {"networkd", "/etc/systemd/network/80-bulkhead-dhcp.network.d", "60-settings.conf",
     "when name servers or search domains are set and no interface is"},
    {"resolved", "/etc/systemd/resolved.conf.d", "60-settings.conf", "when name servers or search domains are set"},
    {"timesyncd", "/etc/systemd/timesyncd.conf.d", "60-settings.conf", "when time servers are set, as by default"},
    {"cni", "/etc/cni/net.d", "10-bulkhead.conflist", "when the node is in no Kubernetes cluster"},
    {"containerd", "/etc/bulkhead", "proxy.env", "when a proxy is set; mode 0600"},
    {"containerd", "/etc/containerd", "base-spec.json", "when `oci-defaults` are set"},
    {"containerd", "/etc/containerd/certs.d", "*/hosts.toml", "for each registry with mirrors; `_default` is `*`"},
    {"aws", "/etc/bulkhead/aws", "config", "when it is set; mode 0600"},
    {"aws", "/etc/bulkhead/aws", "credentials", "when they are set; mode 0600"},
});

}  // namespace

std::span<const Service> services() { return kServices; }
std::span<const FileFamily> families() { return kFamilies; }
std::span<const FileFamily> permanent_files() { return kPermanent; }

const Service* find_service(std::string_view name) {
  const auto* const found = std::ranges::find(kServices, name, &Service::name);
  return found == kServices.end() ? nullptr : found;
}

sys::Path place_of(const sys::Path& path) {
  const sys::Path own(kOwnDirectory);
  const sys::Path inside = path.lexically_relative("/etc");
  return *inside.begin() == own.filename() ? path : own / inside;
}

bool FileFamily::contains(const sys::Path& path) const {
  const std::string begin = std::string(directory) + '/';
  return path.native().starts_with(begin) && glob_match(pattern, std::string_view(path.native()).substr(begin.size()));
}

std::string_view to_string(Action action) {
  switch (action) {
    case Action::none: return "none";
    case Action::reload: return "reload";
    case Action::restart: return "restart";
    case Action::hostname:
    case Action::lockdown:
    case Action::smt: return "set";
  }
  return "";
}

}  // namespace bulkhead::render
