// /etc/cni/net.d/10-bulkhead.conflist: the network of containers outside of a cluster, for the plugins bridge and
// host-local (https://www.cni.dev/plugins/current/main/bridge/, CNI specification 1.0.0).
//
// The plugin does not masquerade, because it would need iptables; the rules in view_firewall.cpp do. Leases are below
// /run, so that none outlives the containers of a boot. A changed subnet moves the bridge (forceAddress).
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {

std::optional<ContainerSubnets> container_subnets(const settings::Settings& settings) {
  if (settings.kubernetes.api_server) return std::nullopt;
  const settings::ContainerNetwork& network = settings.network.containers;
  const settings::ContainerNetwork& declared = settings::Settings::defaults().network.containers;
  ContainerSubnets subnets{.ipv4 = settings::set_or_default(network.subnet, declared.subnet).value(), .ipv6 = {}};
  if (network.ipv6_subnet) subnets.ipv6 = network.ipv6_subnet->value();
  return subnets;
}

Files container_network_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  const auto subnets = container_subnets(settings);
  if (!subnets) return files;
  const auto& mtu = settings.network.containers.mtu;
  View view;
  view["bridge"] = View(std::string(kContainerBridge));
  view["ipv4"] = View(subnets->ipv4.to_string());
  view["ipv6"] = subnets->ipv6 ? View(subnets->ipv6->to_string()) : View(false);
  view["mtu"] = mtu ? View(std::to_string(mtu->value)) : View(false);
  std::string content = TRY_CTX(fill("cni", view, Format::quoted), "network.containers");
  files.push_back({.path = "/etc/cni/net.d/10-bulkhead.conflist", .content = std::move(content), .service = "cni"});
  return files;
}

}  // namespace bulkhead::render
