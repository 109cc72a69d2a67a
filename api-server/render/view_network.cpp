// systemd-networkd's files. Names begin with 10-, before the image's 80-bulkhead-dhcp.network: networkd uses the first
// file that matches an interface.
#include <algorithm>
#include <array>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

constexpr std::string_view kDirectory = "/etc/systemd/network";

using settings::InterfaceName;
using settings::value::Address;
using settings::value::Family;
using settings::value::Prefix;

// An interface that gets a .network file, because settings say something about it or build another one on it.
struct Link {
  settings::Interface declared;
  std::string bond;
  std::vector<std::string> vlans;
};
using Links = std::map<InterfaceName, Link>;

template <class... Args>
std::unexpected<Error> wrong(const InterfaceName& name, std::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::invalid_argument, "{}: {}",
              settings::Key({"network", "interfaces", name.to_string()}).to_string(),
              std::format(format, std::forward<Args>(args)...));
}

struct DhcpPlan {
  bool enabled = false;
  bool needed = false;  // the node is online only with it
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

Result<std::vector<Prefix>> fixed_addresses(const InterfaceName& name, const settings::Interface& interface) {
  std::vector<Prefix> addresses;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const bool six = family == Family::ipv6;
    const auto& group = six ? interface.static6 : interface.static4;
    if (!group || !group->addresses) continue;
    for (const settings::IpNetwork& address : *group->addresses) {
      if (address.value().family() != family)
        return wrong(name, "{} is not an address for static{}", address.to_string(), six ? 6 : 4);
      addresses.push_back(address.value());
    }
  }
  return addresses;
}

View text_or_none(const std::optional<settings::IpAddress>& address) {
  return address ? View(address->value().to_string()) : View(false);
}

Result<View> route_view(const InterfaceName& name, const settings::Route& route) {
  if (!route.to) return wrong(name, "a route has no destination (to)");
  std::vector<Address> addresses;
  if (route.via) addresses.push_back(route.via->value());
  if (route.from) addresses.push_back(route.from->value());
  const std::optional<Prefix>& network = route.to->value().network;
  if (!network && addresses.empty()) return wrong(name, "a default route needs a gateway (via) or a source (from)");
  const Family family = network ? network->family() : addresses.front().family();
  for (const Address& address : addresses) {
    if (address.family() != family) return wrong(name, "the route to {} mixes IPv4 and IPv6", route.to->to_string());
  }
  View view;
  view["to"] = View(network ? network->to_string() : family == Family::ipv6 ? "::/0" : "0.0.0.0/0");
  view["via"] = text_or_none(route.via);
  view["from"] = text_or_none(route.from);
  view["metric"] = route.route_metric ? View(std::to_string(route.route_metric->value)) : View(false);
  return view;
}

// RequiredForOnline= and RequiredFamilyForOnline=: what the node waits for on this interface.
void set_required(View& view, bool ipv4, bool ipv6) {
  view["required"] = View(ipv4 || ipv6 ? "yes" : "no");
  if (ipv4 || ipv6) view["family"] = View(ipv4 && ipv6 ? "both" : ipv4 ? "ipv4" : "ipv6");
}

View routes_view(const std::vector<View>& rows) {
  View routes(View::type::list);
  for (const View& row : rows) routes << row;
  return routes;
}

// [Match] of a .network file.
void set_match(View& view, const settings::value::Link& link) {
  if (link.mac)
    view["mac"] = View(link.mac->to_string());
  else
    view["name"] = View(link.name);
}

Result<View> link_view(const InterfaceName& name, const Link& link, const settings::Dns& dns) {
  const settings::Interface& interface = link.declared;
  const auto addresses = TRY(fixed_addresses(name, interface));
  const DhcpPlan four = dhcp_plan(interface.dhcp4);
  const DhcpPlan six = dhcp_plan(interface.dhcp6);
  const bool has4 = std::ranges::contains(addresses, Family::ipv4, &Prefix::family);
  const bool has6 = std::ranges::contains(addresses, Family::ipv6, &Prefix::family);
  const bool addressed = four.enabled || six.enabled || !addresses.empty();
  if (!link.bond.empty() && addressed) return wrong(name, "a link of {} cannot have addresses of its own", link.bond);
  std::vector<std::string> texts;
  for (const Prefix& address : addresses) texts.push_back(address.to_string());
  std::vector<View> routes;
  for (const settings::Route& route : interface.route.value_or(std::vector<settings::Route>())) {
    View row = TRY(route_view(name, route));
    routes.push_back(std::move(row));
  }

  View view;
  set_match(view, name.value());
  view["group"] = View(std::to_string(kOwnNetworks));
  set_required(view, four.needed || has4, six.needed || has6);
  if (!link.bond.empty()) view["bond"] = View(link.bond);
  view["vlans"] = list_of(link.vlans);
  view["dhcp"] = View(four.enabled && six.enabled ? "yes" : four.enabled ? "ipv4" : six.enabled ? "ipv6" : "no");
  // Routers announce addresses too: with static addresses, or only IPv4, these are not accepted.
  view["accept_ra"] = View(six.enabled ? "yes" : "no");
  view["bare"] = View(!addressed);
  view["addresses"] = list_of(texts);
  view["dhcp4"] = View(four.enabled);
  view["dhcp6"] = View(six.enabled);
  view["use_dns"] = View(dns.name_servers ? "no" : "yes");
  view["use_domains"] = View(dns.search_list ? "no" : "yes");
  if (!four.metric.empty()) view["metric4"] = View(four.metric);
  if (!six.metric.empty()) view["metric6"] = View(six.metric);
  view["routes"] = routes_view(routes);
  return view;
}

template <class T>
void set_number(View& view, const std::string& name, const std::optional<T>& number) {
  if (number) view[name] = View(std::to_string(number->value));
}

Result<> set_arp(const InterfaceName& name, View& view, const settings::BondMonitoring& monitoring) {
  const auto targets = monitoring.arpmon_targets.value_or(std::vector<settings::IpAddress>());
  if (targets.empty()) return wrong(name, "ARP monitoring needs arpmon-targets");
  std::vector<std::string> texts;
  for (const settings::IpAddress& target : targets) {
    if (target.value().family() != Family::ipv4)
      return wrong(name, "{} cannot be asked by ARP, which needs IPv4", target.to_string());
    texts.push_back(target.value().to_string());
  }
  set_number(view, "arp_interval", monitoring.arpmon_interval_ms);
  view["arp_targets"] = list_of(texts);
  if (monitoring.arpmon_validate)
    view["arp_validate"] = View(std::string(settings::name_of(*monitoring.arpmon_validate)));
  return {};
}

Result<View> bond_view(const InterfaceName& name, const settings::Interface& bond) {
  View view;
  view["kind"] = View("bond");
  view["mode"] = View("active-backup");  // the only supported one
  set_number(view, "min_links", bond.min_links);
  const settings::BondMonitoring& monitoring = bond.monitoring;
  const bool mii = monitoring.miimon_frequency_ms || monitoring.miimon_updelay_ms || monitoring.miimon_downdelay_ms;
  const bool arp = monitoring.arpmon_interval_ms || monitoring.arpmon_validate || monitoring.arpmon_targets;
  if (mii && arp) return wrong(name, "monitoring needs either miimon or arpmon, not both");
  if (arp) {
    if (!monitoring.arpmon_interval_ms) return wrong(name, "ARP monitoring needs arpmon-interval-ms");
    TRY(set_arp(name, view, monitoring));
    return view;
  }
  // Without monitoring the kernel never switches to another link.
  const std::int64_t frequency = monitoring.miimon_frequency_ms.value_or(settings::Count{100}).value;
  view["miimon"] = View(std::to_string(frequency));
  set_number(view, "updelay", monitoring.miimon_updelay_ms);
  set_number(view, "downdelay", monitoring.miimon_downdelay_ms);
  return view;
}

Result<View> vlan_view(const InterfaceName& name, const settings::Interface& vlan) {
  if (!vlan.id) return wrong(name, "a VLAN needs an id");
  View view;
  view["kind"] = View("vlan");
  view["vlan"] = View(std::to_string(vlan.id->value));
  return view;
}

// Registers a bond or VLAN with its underlying interfaces.
Result<> connect(Links& links, const InterfaceName& name, const settings::Interface& interface) {
  if (name.value().mac) return wrong(name, "a bond or VLAN needs a name, not a MAC address");
  if (interface.kind == settings::InterfaceKind::vlan) {
    if (!interface.device || *interface.device == name) return wrong(name, "a VLAN needs the device that carries it");
    links[*interface.device].vlans.push_back(name.value().name);
    return {};
  }
  const auto members = interface.interfaces.value_or(std::vector<InterfaceName>());
  if (members.empty()) return wrong(name, "a bond needs interfaces");
  for (const InterfaceName& member : members) {
    Link& link = links[member];
    if (member == name || !link.bond.empty()) return wrong(name, "{} is already in another bond", member.to_string());
    link.bond = name.value().name;
  }
  return {};
}

Result<> check_plain(const InterfaceName& name, const settings::Interface& interface) {
  const bool virtual_only = interface.mode || interface.min_links || interface.interfaces || interface.device ||
                            interface.id || interface.monitoring.miimon_frequency_ms ||
                            interface.monitoring.arpmon_interval_ms;
  return virtual_only ? Result<>(wrong(name, "bonds and VLANs need kind")) : Result<>();
}

std::string file_name(const InterfaceName& name, std::string_view suffix) {
  const settings::value::Link& link = name.value();
  return std::format("10-bulkhead-{}.{}", link.mac ? link.mac->to_string('-') : link.name, suffix);
}

Result<File> file(std::string_view name, std::string_view template_name, const View& view) {
  std::string content = TRY_CTX(fill(template_name, view, Format::line), "network.interfaces");
  return File{.path = sys::Path(kDirectory) / name, .content = std::move(content), .service = "networkd"};
}

Result<File> device_file(const InterfaceName& name, const settings::Interface& interface) {
  const bool is_vlan = interface.kind == settings::InterfaceKind::vlan;
  View view = TRY(is_vlan ? vlan_view(name, interface) : bond_view(name, interface));
  view["name"] = View(name.value().name);
  return file(file_name(name, "netdev"), "netdev", view);
}

// Replaces the image's file when the name servers or domains of DHCP are not used.
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
  for (const auto& [name, interface] : interfaces) {
    links[name].declared = interface;
    if (interface.primary.value_or(false) && ++primaries > 1)
      return wrong(name, "another interface is already primary");
    if (!interface.kind) {
      TRY(check_plain(name, interface));
      continue;
    }
    TRY(connect(links, name, interface));
    File made = TRY(device_file(name, interface));
    files.push_back(std::move(made));
  }
  for (const auto& [name, link] : links) {
    const View view = TRY(link_view(name, link, settings.dns));
    File made = TRY(file(file_name(name, "network"), "network", view));
    files.push_back(std::move(made));
  }
  File others = TRY(file("80-bulkhead-dhcp.network", "no_dhcp", View()));
  files.push_back(std::move(others));
  return files;
}

}  // namespace bulkhead::render
