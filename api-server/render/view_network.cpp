// systemd-networkd's files. Names begin with 10-, before the image's 80-bulkhead-dhcp.network: the first file that
// matches an interface counts.
#include <algorithm>
#include <array>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

constexpr std::string_view kDirectory = "/etc/systemd/network";

// An interface that gets a .network file, because settings say something about it or build another one on it.
struct Link {
  settings::Interface declared;
  std::string bond;
  std::vector<std::string> vlans;
};
using Links = std::map<std::string, Link>;  // by name or MAC address

template <class... Args>
std::unexpected<Error> wrong(std::string_view name, std::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::invalid_argument, "network.interfaces.{}: {}", name,
              std::format(format, std::forward<Args>(args)...));
}

bool is_mac(std::string_view name) { return name.contains(':'); }
bool is_ipv6(std::string_view address) { return address.contains(':'); }

struct DhcpPlan {
  bool enabled = false;
  bool needed = false;  // the node is not online without it
  std::string metric;
};

DhcpPlan dhcp_plan(const std::optional<settings::DhcpChoice>& choice) {
  if (!choice) return {};
  if (const bool* enabled = std::get_if<bool>(&*choice)) return {.enabled = *enabled, .needed = *enabled, .metric = {}};
  const auto& table = std::get<settings::Dhcp>(*choice);
  const bool enabled = table.enabled.value_or(true);
  return {.enabled = enabled,
          .needed = enabled && !table.optional.value_or(false),
          .metric = table.route_metric ? std::to_string(table.route_metric->value) : ""};
}

Result<std::vector<std::string>> fixed_addresses(const std::string& name, const settings::Interface& interface) {
  std::vector<std::string> addresses;
  for (const bool six : {false, true}) {
    const auto& group = six ? interface.static6 : interface.static4;
    if (!group || !group->addresses) continue;
    for (const settings::IpNetwork& address : *group->addresses) {
      if (is_ipv6(address.text) != six) return wrong(name, "{} is not for static{}", address.text, six ? 6 : 4);
      addresses.push_back(address.text);
    }
  }
  return addresses;
}

Result<View> route_view(const std::string& name, const settings::Route& route) {
  if (!route.to) return wrong(name, "a route has no destination (to)");
  std::vector<std::string> addresses;
  if (route.via) addresses.push_back(route.via->text);
  if (route.from) addresses.push_back(route.from->text);
  std::string to = route.to->text;
  if (to == "default") {
    if (addresses.empty()) return wrong(name, "a default route needs a gateway (via) or a source (from)");
    to = is_ipv6(addresses.front()) ? "::/0" : "0.0.0.0/0";
  }
  for (const std::string& address : addresses) {
    if (is_ipv6(address) != is_ipv6(to)) return wrong(name, "the route to {} mixes IPv4 and IPv6", route.to->text);
  }
  View view;
  view["to"] = View(to);
  view["via"] = route.via ? View(route.via->text) : View(false);
  view["from"] = route.from ? View(route.from->text) : View(false);
  view["metric"] = route.route_metric ? View(std::to_string(route.route_metric->value)) : View(false);
  return view;
}

// RequiredForOnline= and RequiredFamilyForOnline=: what the node waits for on this interface.
void set_required(View& view, bool ipv4, bool ipv6) {
  view["required"] = View(ipv4 || ipv6 ? "yes" : "no");
  if (ipv4 || ipv6) view["family"] = View(ipv4 && ipv6 ? "both" : ipv4 ? "ipv4" : "ipv6");
}

Result<View> link_view(const std::string& name, const Link& link, const settings::Dns& dns) {
  const settings::Interface& interface = link.declared;
  const auto addresses = TRY(fixed_addresses(name, interface));
  const DhcpPlan four = dhcp_plan(interface.dhcp4);
  const DhcpPlan six = dhcp_plan(interface.dhcp6);
  const bool has4 = std::ranges::any_of(addresses, [](const auto& address) { return !is_ipv6(address); });
  const bool has6 = std::ranges::any_of(addresses, is_ipv6);
  const bool addressed = four.enabled || six.enabled || !addresses.empty();
  if (!link.bond.empty() && addressed) return wrong(name, "a link of {} has no addresses of its own", link.bond);

  View view;
  view[is_mac(name) ? "mac" : "name"] = View(name);
  set_required(view, four.needed || has4, six.needed || has6);
  if (!link.bond.empty()) view["bond"] = View(link.bond);
  view["vlans"] = list_of(link.vlans);
  view["dhcp"] = View(four.enabled && six.enabled ? "yes" : four.enabled ? "ipv4" : six.enabled ? "ipv6" : "no");
  // Routers announce addresses too: who fixes addresses, or wants IPv4 only, gets no others.
  view["accept_ra"] = View(six.enabled ? "yes" : "no");
  view["bare"] = View(!addressed);
  view["addresses"] = list_of(addresses);
  view["dhcp4"] = View(four.enabled);
  view["dhcp6"] = View(six.enabled);
  view["use_dns"] = View(dns.name_servers ? "no" : "yes");
  view["use_domains"] = View(dns.search_list ? "no" : "yes");
  if (!four.metric.empty()) view["metric4"] = View(four.metric);
  if (!six.metric.empty()) view["metric6"] = View(six.metric);
  View routes(View::type::list);
  for (const settings::Route& route : interface.route.value_or(std::vector<settings::Route>())) {
    const View entry = TRY(route_view(name, route));
    routes << entry;
  }
  view["routes"] = std::move(routes);
  return view;
}

template <class T>
void set_number(View& view, const std::string& name, const std::optional<T>& number) {
  if (number) view[name] = View(std::to_string(number->value));
}

Result<> set_arp(const std::string& name, View& view, const settings::BondMonitoring& monitoring) {
  const auto targets = monitoring.arpmon_targets.value_or(std::vector<settings::IpAddress>());
  if (targets.empty()) return wrong(name, "ARP monitoring needs arpmon-targets");
  std::vector<std::string> texts;
  for (const settings::IpAddress& target : targets) {
    if (is_ipv6(target.text)) return wrong(name, "{} cannot be asked by ARP, which is for IPv4", target.text);
    texts.push_back(target.text);
  }
  set_number(view, "arp_interval", monitoring.arpmon_interval_ms);
  view["arp_targets"] = list_of(texts);
  if (monitoring.arpmon_validate)
    view["arp_validate"] =
        View(settings::Type<settings::ArpValidate>::write(*monitoring.arpmon_validate).get<std::string>());
  return {};
}

Result<View> bond_view(const std::string& name, const settings::Interface& bond) {
  View view;
  view["kind"] = View("bond");
  view["mode"] = View("active-backup");  // the only one that there is
  set_number(view, "min_links", bond.min_links);
  const settings::BondMonitoring& monitoring = bond.monitoring;
  const bool mii = monitoring.miimon_frequency_ms || monitoring.miimon_updelay_ms || monitoring.miimon_downdelay_ms;
  const bool arp = monitoring.arpmon_interval_ms || monitoring.arpmon_validate || monitoring.arpmon_targets;
  if (mii && arp) return wrong(name, "monitoring is by miimon or by arpmon, not by both");
  if (arp) {
    if (!monitoring.arpmon_interval_ms) return wrong(name, "ARP monitoring needs arpmon-interval-ms");
    TRY(set_arp(name, view, monitoring));
    return view;
  }
  // Without any monitoring the kernel never changes over to another link.
  const std::int64_t frequency = monitoring.miimon_frequency_ms.value_or(settings::Count{100}).value;
  view["miimon"] = View(std::to_string(frequency));
  set_number(view, "updelay", monitoring.miimon_updelay_ms);
  set_number(view, "downdelay", monitoring.miimon_downdelay_ms);
  return view;
}

Result<View> vlan_view(const std::string& name, const settings::Interface& vlan) {
  if (!vlan.id) return wrong(name, "a VLAN needs an id");
  View view;
  view["kind"] = View("vlan");
  view["vlan"] = View(std::to_string(vlan.id->value));
  return view;
}

// Enters a bond or VLAN at the interfaces that it lies on.
Result<> connect(Links& links, const std::string& name, const settings::Interface& interface) {
  if (is_mac(name)) return wrong(name, "a bond or VLAN has a name, not a MAC address");
  if (interface.kind == settings::InterfaceKind::vlan) {
    if (!interface.device || interface.device->text == name)
      return wrong(name, "a VLAN needs the device that it lies on");
    links[interface.device->text].vlans.push_back(name);
    return {};
  }
  const auto members = interface.interfaces.value_or(std::vector<settings::InterfaceName>());
  if (members.empty()) return wrong(name, "a bond needs interfaces");
  for (const settings::InterfaceName& member : members) {
    Link& link = links[member.text];
    if (member.text == name || !link.bond.empty()) return wrong(name, "{} is in a bond already", member.text);
    link.bond = name;
  }
  return {};
}

Result<> check_plain(const std::string& name, const settings::Interface& interface) {
  const bool virtual_only = interface.mode || interface.min_links || interface.interfaces || interface.device ||
                            interface.id || interface.monitoring.miimon_frequency_ms ||
                            interface.monitoring.arpmon_interval_ms;
  return virtual_only ? Result<>(wrong(name, "bonds and VLANs need kind")) : Result<>();
}

Result<std::string> file_name(std::string name, std::string_view suffix) {
  if (name.contains('/')) return wrong(name, "the name of an interface has no '/'");
  std::ranges::replace(name, ':', '-');
  return std::format("10-bulkhead-{}.{}", name, suffix);
}

Result<File> file(std::string_view name, std::string_view template_name, const View& view) {
  std::string content = TRY_CTX(fill(template_name, view, Format::line), "network.interfaces");
  return File{.path = sys::Path(kDirectory) / name, .content = std::move(content), .service = "networkd"};
}

Result<File> device_file(const std::string& name, const settings::Interface& interface) {
  const bool vlan = interface.kind == settings::InterfaceKind::vlan;
  View view = TRY(vlan ? vlan_view(name, interface) : bond_view(name, interface));
  view["name"] = View(name);
  const std::string netdev = TRY(file_name(name, "netdev"));
  return file(netdev, "netdev", view);
}

// The image's own file, when DHCP's name servers or domains do not count.
Files default_files(const settings::Dns& dns) {
  std::vector<File> files;
  if (!dns.name_servers && !dns.search_list) return files;
  View view;
  view["no_dns"] = View(dns.name_servers.has_value());
  view["no_domains"] = View(dns.search_list.has_value());
  File dns_file = TRY(file("80-bulkhead-dhcp.network.d/60-settings.conf", "dhcp_dns", view));
  files.push_back(std::move(dns_file));
  return files;
}

}  // namespace

Files network_files(const settings::Settings& settings, const Facts& /*facts*/) {
  const auto& interfaces = settings.network.interfaces;
  if (interfaces.empty()) return default_files(settings.dns);

  std::vector<File> files;
  Links links;
  int primaries = 0;
  for (const auto& [key, interface] : interfaces) {
    const std::string& name = key.text;
    links[name].declared = interface;
    if (interface.primary.value_or(false) && ++primaries > 1)
      return wrong(name, "another interface is primary already");
    if (!interface.kind) {
      TRY(check_plain(name, interface));
      continue;
    }
    TRY(connect(links, name, interface));
    File device = TRY(device_file(name, interface));
    files.push_back(std::move(device));
  }
  for (const auto& [name, link] : links) {
    const View view = TRY(link_view(name, link, settings.dns));
    const std::string network = TRY(file_name(name, "network"));
    File link_file = TRY(file(network, "network", view));
    files.push_back(std::move(link_file));
  }
  File no_dhcp = TRY(file("80-bulkhead-dhcp.network", "no_dhcp", View()));
  files.push_back(std::move(no_dhcp));
  return files;
}

}  // namespace bulkhead::render
