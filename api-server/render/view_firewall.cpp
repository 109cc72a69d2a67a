// /etc/nftables.conf: one table of our own, replaced as a whole; tables of others (a cluster's network add-on) are left
// alone. Everything is closed but what settings open; docs/firewall.md explains the rules.
//
// The image's factory file (os-builder/rootfs/overlay/base/etc/nftables.conf) is what the defaults give, which a test
// compares.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::render {
namespace {

constexpr std::int64_t kApiPort = 8443;  // the default of the declaration
constexpr int kKubeletPort = 10250;

View port_view(const std::string& protocol, const std::string& range, const std::string& reason) {
  View row;
  row["protocol"] = View(protocol);
  row["range"] = View(range);
  row["reason"] = View(reason);
  return row;
}

Result<View> open_port(const settings::OpenPorts& ports) {
  const auto& shape = settings::Type<settings::OpenPorts>::shape();
  if (!settings::fits(ports.text, shape)) {
    return fail(ErrorCode::invalid_argument, "network.firewall.open-ports: each must be {}",
                settings::description(shape));
  }
  const auto slash = ports.text.find('/');
  return port_view(ports.text.substr(slash + 1), ports.text.substr(0, slash), "network.firewall.open-ports");
}

Result<View> open_ports(const settings::Settings& settings) {
  View list(View::type::list);
  const settings::Api& api = settings.api;
  if (api.client_ca) {
    const std::int64_t port = api.listen_port ? api.listen_port->value : kApiPort;
    list << port_view("tcp", std::to_string(port), "api.listen-port");
  }
  if (settings.kubernetes.api_server) list << port_view("tcp", std::to_string(kKubeletPort), "kubelet");
  for (const auto& ports : settings.network.firewall.open_ports.value_or(std::vector<settings::OpenPorts>())) {
    const View port = TRY(open_port(ports));
    list << port;
  }
  return list;
}

}  // namespace

Files firewall_files(const settings::Settings& settings, const Facts& /*facts*/) {
  const auto subnets = TRY(container_subnets(settings));
  View view;
  view["filter"] = View(settings.network.firewall.enabled.value_or(true));
  view["ports"] = TRY(open_ports(settings));
  view["no_metadata"] = View(!settings.network.containers.metadata_access.value_or(false));
  view["bridge"] = subnets ? View(std::string(kContainerBridge)) : View(false);
  if (subnets) view["ipv4"] = View(subnets->ipv4);
  if (subnets && !subnets->ipv6.empty()) view["ipv6"] = View(subnets->ipv6);
  std::vector<File> files;
  std::string content = TRY_CTX(fill("firewall", view, Format::line), "network.firewall");
  files.push_back({.path = "/etc/nftables.conf", .content = std::move(content), .service = "firewall"});
  return files;
}

}  // namespace bulkhead::render
