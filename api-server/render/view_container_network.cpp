// /etc/cni/net.d/10-bulkhead.conflist: the network of containers that are in no cluster, as the plugins bridge and
// host-local take it (https://www.cni.dev/plugins/current/main/bridge/, CNI specification 1.0.0).
//
// Masquerading is not the plugin's: it would need iptables, and the rules in view_firewall.cpp do it. Leases are below
// /run, so that none outlives the containers of a boot. A changed subnet moves the bridge (forceAddress).
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

constexpr std::string_view kDefaultSubnet = "10.88.0.0/16";  // the default of the declaration

template <class Subnet>
Result<std::string> checked(const Subnet& subnet, std::string_view key) {
  if (settings::fits(subnet.text, settings::Type<Subnet>::shape())) return subnet.text;
  return fail(ErrorCode::invalid_argument, "network.containers.{}: must be {}", key,
              settings::description(settings::Type<Subnet>::shape()));
}

}  // namespace

Result<std::optional<ContainerSubnets>> container_subnets(const settings::Settings& settings) {
  if (settings.kubernetes.api_server) return std::nullopt;
  const settings::ContainerNetwork& network = settings.network.containers;
  ContainerSubnets subnets{.ipv4 = std::string(kDefaultSubnet), .ipv6 = {}};
  if (network.subnet) subnets.ipv4 = TRY(checked(*network.subnet, "subnet"));
  if (network.ipv6_subnet) subnets.ipv6 = TRY(checked(*network.ipv6_subnet, "ipv6-subnet"));
  return subnets;
}

Files container_network_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  const auto subnets = TRY(container_subnets(settings));
  if (!subnets) return files;
  const auto& mtu = settings.network.containers.mtu;
  View view;
  view["bridge"] = View(std::string(kContainerBridge));
  view["ipv4"] = View(subnets->ipv4);
  view["ipv6"] = subnets->ipv6.empty() ? View(false) : View(subnets->ipv6);
  view["mtu"] = mtu ? View(std::to_string(mtu->value)) : View(false);
  std::string content = TRY_CTX(fill("cni", view, Format::quoted), "network.containers");
  files.push_back({.path = "/etc/cni/net.d/10-bulkhead.conflist", .content = std::move(content), .service = "cni"});
  return files;
}

}  // namespace bulkhead::render
