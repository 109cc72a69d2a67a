// /etc/nftables.conf: one table of our own, replaced as a whole; tables of others (a cluster's network add-on) are left
// alone. Everything is closed except what settings open; docs/firewall.md explains the rules.
//
// The image's factory file (os-builder/rootfs/overlay/base/etc/bulkhead/nftables.conf) is the result of the defaults; a
// test compares the two.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"
#include "lib/net/well_known.hpp"

namespace bulkhead::render {
namespace {

View port_view(std::string_view protocol, const std::string& range, const std::string& reason) {
  View row;
  row["protocol"] = View(std::string(protocol));
  row["range"] = View(range);
  row["reason"] = View(reason);
  return row;
}

View open_ports(const settings::Settings& settings) {
  View list(View::type::list);
  const settings::Api& api = settings.api;
  if (api.client_ca) {
    const settings::Port port =
        settings::set_or_default(api.listen_port, settings::Settings::defaults().api.listen_port);
    list << port_view("tcp", std::to_string(port.value), "api.listen-port");
  }
  if (settings.kubernetes.api_server) list << port_view("tcp", std::to_string(net::kKubeletPort), "kubelet");
  for (const auto& open : settings.network.firewall.open_ports.value_or(std::vector<settings::OpenPorts>())) {
    const settings::value::PortRange& range = open.value();
    list << port_view(to_string(range.protocol()), range.ports(), "network.firewall.open-ports");
  }
  return list;
}

}  // namespace

Files firewall_files(const settings::Settings& settings, const Facts& /*facts*/) {
  const settings::Network& declared = settings::Settings::defaults().network;
  const auto subnets = container_subnets(settings);
  View view;
  view["filter"] = View(settings::set_or_default(settings.network.firewall.enabled, declared.firewall.enabled));
  view["ports"] = open_ports(settings);
  view["no_metadata"] =
      View(!settings::set_or_default(settings.network.containers.metadata_access, declared.containers.metadata_access));
  view["metadata4"] = View(std::string(net::kMetadataIpv4));
  view["metadata6"] = View(std::string(net::kMetadataIpv6));
  const bool forwarding = settings::set_or_default(settings.network.firewall.forwarding, declared.firewall.forwarding);
  view["own_networks"] = forwarding ? View(false) : View(std::to_string(kOwnNetworks));
  view["forward"] = View(subnets.has_value() || !forwarding);
  view["bridge"] = subnets ? View(std::string(kContainerBridge)) : View(false);
  if (subnets) view["ipv4"] = View(subnets->ipv4.to_string());
  if (subnets && subnets->ipv6) view["ipv6"] = View(subnets->ipv6->to_string());
  std::vector<File> files;
  std::string content = TRY_CTX(fill("firewall", view, Format::line), "network.firewall");
  files.push_back({.path = "/etc/nftables.conf", .content = std::move(content), .service = "firewall"});
  return files;
}

}  // namespace bulkhead::render
