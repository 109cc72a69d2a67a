// The parts of render(): each makes the files of one group of settings. For render.cpp and its tests only.
#pragma once

#include <optional>

#include "api-server/render/render.hpp"

namespace bulkhead::render {

using Files = Result<std::vector<File>>;

Files name_files(const settings::Settings& settings, const Facts& facts);               // hostname, hosts, motd
Files trust_files(const settings::Settings& settings, const Facts& facts);              // certificates, AWS, the proxy
Files kernel_files(const settings::Settings& settings, const Facts& facts);             // modules, sysctl
Files firewall_files(const settings::Settings& settings, const Facts& facts);           // nftables
Files network_files(const settings::Settings& settings, const Facts& facts);            // networkd
Files time_files(const settings::Settings& settings, const Facts& facts);               // resolved, timesyncd
Files container_network_files(const settings::Settings& settings, const Facts& facts);  // CNI
Files containerd_files(const settings::Settings& settings, const Facts& facts);         // containerd itself
Files registry_files(const settings::Settings& settings, const Facts& facts);           // mirrors
Files oci_default_files(const settings::Settings& settings, const Facts& facts);

bool has_oci_defaults(const settings::Settings& settings);
bool has_mirrors(const settings::Settings& settings);

// The group (ip-link(8), "group") of every link that connects the node to others. networkd sets it, the packet filter
// asks for it: interfaces of containers, whoever makes them, are in no group. The image's own files have the same
// number.
inline constexpr int kOwnNetworks = 66;

// The network of containers that the node makes by itself, for the CNI plugin and for the packet filter.
inline constexpr std::string_view kContainerBridge = "bulkhead0";
struct ContainerSubnets {
  settings::value::Prefix ipv4;
  std::optional<settings::value::Prefix> ipv6;  // none: containers have no IPv6 addresses
};
// Nothing when the node belongs to a Kubernetes cluster, whose network add-on brings its own.
std::optional<ContainerSubnets> container_subnets(const settings::Settings& settings);

}  // namespace bulkhead::render
