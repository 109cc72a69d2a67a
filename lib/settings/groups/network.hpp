// Names, proxies, interfaces, the packet filter and the network of containers. The interfaces follow version 3 of
// Bottlerocket's net.toml; packet filter and network of containers are Bulkhead's own.
#pragma once

#include "lib/settings/rules.hpp"

namespace bulkhead::settings {

struct Dhcp {
  std::optional<bool> enabled;
  std::optional<bool> optional;
  std::optional<Integer<0, kInt32>> route_metric;

  static constexpr auto fields() {
    return std::tuple{
        Field{"enabled",
              &Dhcp::enabled,
              {.doc = "Whether addresses come from this protocol.",
               .example = "true",
               .default_value = "true",
               .affects = "networkd"}},
        Field{"optional",
              &Dhcp::optional,
              {.doc = "Whether the node counts as online before this protocol gives an address.",
               .example = "true",
               .default_value = "false",
               .affects = "networkd"}},
        Field{"route-metric",
              &Dhcp::route_metric,
              {.doc = "The metric of the routes from this protocol.", .example = "100", .affects = "networkd"}},
    };
  }
};
using DhcpChoice = std::variant<bool, Dhcp>;

struct StaticAddresses {
  std::optional<std::vector<IpNetwork>> addresses;

  static constexpr auto fields() {
    return std::tuple{
        Field{"addresses",
              &StaticAddresses::addresses,
              {.doc = "Addresses with their prefix lengths.", .example = R"(["10.0.0.9/24"])", .affects = "networkd"}},
    };
  }
};

struct Route {
  std::optional<RouteTarget> to;
  std::optional<IpAddress> from;
  std::optional<IpAddress> via;
  std::optional<Integer<0, kInt32>> route_metric;

  static constexpr auto fields() {
    return std::tuple{
        Field{"to",
              &Route::to,
              {.doc = "The destination of the route.", .example = R"("default")", .affects = "networkd"}},
        Field{"from",
              &Route::from,
              {.doc = "The preferred source address.", .example = R"("10.0.0.9")", .affects = "networkd"}},
        Field{"via", &Route::via, {.doc = "The gateway.", .example = R"("10.0.0.1")", .affects = "networkd"}},
        Field{"route-metric",
              &Route::route_metric,
              {.doc = "The metric: the route with the lowest one is used.", .example = "100", .affects = "networkd"}},
    };
  }
};

enum class InterfaceKind { bond, vlan };
template <>
inline constexpr auto kNames<InterfaceKind> = std::array{"bond", "vlan"};
enum class BondMode { active_backup };
template <>
inline constexpr auto kNames<BondMode> = std::array{"active-backup"};
enum class ArpValidate { active, all, backup, none };
template <>
inline constexpr auto kNames<ArpValidate> = std::array{"active", "all", "backup", "none"};
enum class ArpTargets { all, any };
template <>
inline constexpr auto kNames<ArpTargets> = std::array{"all", "any"};

struct BondMonitoring {
  std::optional<Count> miimon_frequency_ms;
  std::optional<Count> miimon_updelay_ms;
  std::optional<Count> miimon_downdelay_ms;
  std::optional<Count> arpmon_interval_ms;
  std::optional<ArpValidate> arpmon_validate;
  std::optional<std::vector<IpAddress>> arpmon_targets;

  static constexpr auto fields() {
    return std::tuple{
        Field{"miimon-frequency-ms",
              &BondMonitoring::miimon_frequency_ms,
              {.doc = "How often links are checked, in milliseconds.", .example = "100", .affects = "networkd"}},
        Field{"miimon-updelay-ms",
              &BondMonitoring::miimon_updelay_ms,
              {.doc = "How long a link must be up before it is used, in milliseconds.",
               .example = "200",
               .affects = "networkd"}},
        Field{"miimon-downdelay-ms",
              &BondMonitoring::miimon_downdelay_ms,
              {.doc = "How long a link must be down before it is no longer used, in milliseconds.",
               .example = "200",
               .affects = "networkd"}},
        Field{"arpmon-interval-ms",
              &BondMonitoring::arpmon_interval_ms,
              {.doc = "How often ARP requests are sent to the targets, in milliseconds.",
               .example = "1000",
               .affects = "networkd"}},
        Field{"arpmon-validate",
              &BondMonitoring::arpmon_validate,
              {.doc = "Whether ARP requests and replies are validated, and on which links.",
               .example = R"("all")",
               .affects = "networkd"}},
        Field{
            "arpmon-targets",
            &BondMonitoring::arpmon_targets,
            {.doc = "The IPv4 addresses that are asked by ARP.", .example = R"(["10.0.0.1"])", .affects = "networkd"}},
    };
  }
};

struct Interface {
  std::optional<bool> primary;
  std::optional<DhcpChoice> dhcp4;
  std::optional<DhcpChoice> dhcp6;
  std::optional<StaticAddresses> static4;
  std::optional<StaticAddresses> static6;
  std::optional<std::vector<Route>> route;
  std::optional<InterfaceKind> kind;
  std::optional<BondMode> mode;
  std::optional<Integer<0, 64>> min_links;
  std::optional<std::vector<InterfaceName>> interfaces;
  BondMonitoring monitoring;
  std::optional<InterfaceName> device;
  std::optional<Integer<0, 4094>> id;

  static constexpr auto fields() {
    return std::tuple{
        Field{"primary",
              &Interface::primary,
              {.doc = "Whether this interface's address is the node's address.",
               .example = "true",
               .affects = "networkd"}},
        Field{"dhcp4", &Interface::dhcp4, {.doc = "IPv4 addresses by DHCP.", .example = "true", .affects = "networkd"}},
        Field{"dhcp6",
              &Interface::dhcp6,
              {.doc = "IPv6 addresses by DHCP.",
               .example = R"({"enabled": true, "optional": true})",
               .affects = "networkd"}},
        Field{"static4",
              &Interface::static4,
              {.doc = "Fixed IPv4 addresses.", .example = R"({"addresses": ["10.0.0.9/24"]})", .affects = "networkd"}},
        Field{"static6",
              &Interface::static6,
              {.doc = "Fixed IPv6 addresses.", .example = R"({"addresses": ["fd00::9/64"]})", .affects = "networkd"}},
        Field{"route",
              &Interface::route,
              {.doc = "Routes.", .example = R"([{"to": "default", "via": "10.0.0.1"}])", .affects = "networkd"}},
        Field{"kind",
              &Interface::kind,
              {.doc = "The kind of a virtual interface. Leave it out for a physical one.",
               .example = R"("vlan")",
               .affects = "networkd"}},
        Field{"mode",
              &Interface::mode,
              {.doc = "How a bond uses its links.", .example = R"("active-backup")", .affects = "networkd"}},
        Field{"min-links",
              &Interface::min_links,
              {.doc = "How many links must be up for the bond to be up.", .example = "1", .affects = "networkd"}},
        Field{"interfaces",
              &Interface::interfaces,
              {.doc = "The links of a bond.", .example = R"(["eno1", "eno2"])", .affects = "networkd"}},
        Field{"monitoring", &Interface::monitoring, {.doc = "How a bond detects that a link is down."}},
        Field{"device",
              &Interface::device,
              {.doc = "The interface that carries the VLAN.", .example = R"("eno1")", .affects = "networkd"}},
        Field{"id", &Interface::id, {.doc = "The ID of the VLAN.", .example = "42", .affects = "networkd"}},
    };
  }
};

struct Firewall {
  std::optional<bool> enabled;
  std::optional<std::vector<OpenPorts>> open_ports;
  std::optional<bool> forwarding;

  static constexpr auto fields() {
    return std::tuple{
        Field{"enabled",
              &Firewall::enabled,
              {.doc = "Whether packets from outside are filtered. If false, every port is open.",
               .example = "false",
               .default_value = "true",
               .affects = "firewall"}},
        Field{"open-ports",
              &Firewall::open_ports,
              {.doc = "Ports of the node that are open to everybody, besides those that other settings open.",
               .example = R"(["22/tcp", "30000-32767/udp"])",
               .default_value = "[]",
               .affects = "firewall"}},
        Field{"forwarding",
              &Firewall::forwarding,
              {.doc = "Whether the node forwards packets from one of its own networks to another, as a router does.",
               .example = "true",
               .default_value = "false",
               .affects = "firewall"}},
    };
  }
};

struct ContainerNetwork {
  std::optional<Ipv4Subnet> subnet;
  std::optional<Ipv6Subnet> ipv6_subnet;
  std::optional<Integer<1280, 65535>> mtu;
  std::optional<bool> metadata_access;

  static constexpr auto fields() {
    return std::tuple{
        Field{"subnet",
              &ContainerNetwork::subnet,
              {.doc = "The IPv4 network that containers have their addresses from, when the node is in no Kubernetes "
                      "cluster.",
               .example = R"("10.89.0.0/16")",
               .default_value = R"("10.88.0.0/16")",
               .affects = "firewall cni"}},
        Field{"ipv6-subnet",
              &ContainerNetwork::ipv6_subnet,
              {.doc = "The IPv6 network of containers. If it is not set, containers have only IPv4.",
               .example = R"("fd00:88::/64")",
               .affects = "firewall cni"}},
        Field{"mtu",
              &ContainerNetwork::mtu,
              {.doc = "The MTU of the containers' network, in bytes. Default: the kernel's for a bridge.",
               .example = "1400",
               .affects = "cni"}},
        Field{"metadata-access",
              &ContainerNetwork::metadata_access,
              {.doc =
                   "Whether containers may reach the cloud's metadata service, which hands out the node's credentials.",
               .example = "true",
               .default_value = "false",
               .affects = "firewall"}},
    };
  }
};

struct Network {
  std::optional<NodeName> hostname;
  std::optional<std::vector<std::vector<std::variant<IpAddress, std::vector<HostName>>>>> hosts;
  std::optional<Url> https_proxy;
  std::optional<std::vector<Line>> no_proxy;
  std::map<InterfaceName, Interface> interfaces;
  Firewall firewall;
  ContainerNetwork containers;

  static constexpr auto fields() {
    return std::tuple{
        Field{"hostname",
              &Network::hostname,
              {.doc = "The node's host name. Default: from DHCP, the cloud or the machine id.",
               .example = R"("node-7")",
               .affects = "hostname hosts"}},
        Field{"hosts",
              &Network::hosts,
              {.doc = "Entries of /etc/hosts: each an address and its names.",
               .example = R"([["10.0.0.5", ["db.example.com", "db"]]])",
               .affects = "hosts"}},
        Field{"https-proxy",
              &Network::https_proxy,
              {.doc = "The HTTPS proxy of the node's programs.",
               .example = R"("http://proxy.example.com:3128")",
               .affects = "containerd host-containers updater"}},
        Field{"no-proxy",
              &Network::no_proxy,
              {.doc = "Hosts to reach without the proxy.",
               .example = R"(["localhost", "10.0.0.0/8"])",
               .affects = "containerd host-containers updater"}},
        Field{"interfaces",
              &Network::interfaces,
              {.doc = "Network interfaces by name or MAC address; without any, all use DHCP; with any, the others are "
                      "not used."}},
        Field{"firewall", &Network::firewall, {.doc = "The packet filter: who can reach the node."}},
        Field{
            "containers", &Network::containers, {.doc = "The network of containers, when the node is in no cluster."}},
    };
  }
};

}  // namespace bulkhead::settings
