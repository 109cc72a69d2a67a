#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

Json interfaces(const char* text) { return {{"network", {{"interfaces", Json::parse(text)}}}}; }

std::string network_file(const char* text, const std::string& name) {
  return content(interfaces(text), "/etc/systemd/network/" + name);
}

std::string why_not(const char* text) { return refusal(interfaces(text)); }

}  // namespace

TEST_CASE("without interfaces the image's DHCP counts, and nothing is rendered") {
  const auto files = rendered(Json::object()).value();
  for (const File& file : files) CHECK(file.service != "networkd");
}

TEST_CASE("name servers that are set keep DHCP's away, with and without interfaces") {
  const Json dns = Json::parse(R"({"dns": {"name-servers": ["10.0.0.2"]}})");
  const std::string drop_in = content(dns, "/etc/systemd/network/80-bulkhead-dhcp.network.d/60-settings.conf");
  CHECK(drop_in.contains("[DHCPv4]\nUseDNS=no\n"));
  CHECK(!drop_in.contains("UseDomains"));
  const Json both = settings::merged(dns, interfaces(R"({"eno1": {"dhcp4": true}})"));
  CHECK(content(both, "/etc/systemd/network/10-bulkhead-eno1.network").contains("UseDNS=no\nUseDomains=yes\n"));
  CHECK(content(both, "/etc/systemd/network/80-bulkhead-dhcp.network.d/60-settings.conf").empty());
}

TEST_CASE("interfaces that settings do not name are left alone when they name any") {
  CHECK(network_file(R"({"eno1": {"dhcp4": true}})", "80-bulkhead-dhcp.network").contains("Unmanaged=yes"));
}

TEST_CASE("the node waits for what is not optional") {
  const auto link = [](const char* text) { return network_file(text, "10-bulkhead-e.network"); };
  CHECK(link(R"({"e": {"dhcp4": true}})").contains("RequiredForOnline=yes\nRequiredFamilyForOnline=ipv4\n"));
  CHECK(link(R"({"e": {"dhcp4": true, "dhcp6": true}})").contains("RequiredFamilyForOnline=both\n"));
  CHECK(link(R"({"e": {"dhcp4": {"optional": true}, "dhcp6": true}})").contains("RequiredFamilyForOnline=ipv6\n"));
  CHECK(link(R"({"e": {"dhcp4": {"optional": true}}})").contains("RequiredForOnline=no\n"));
  CHECK(link(R"({"e": {"dhcp4": {"enabled": false}}})").contains("DHCP=no\n"));
  CHECK(link(R"({"e": {"static6": {"addresses": ["fd00::9/64"]}}})").contains("RequiredFamilyForOnline=ipv6\n"));
}

TEST_CASE("an interface may be named by its MAC address") {
  const std::string text =
      network_file(R"({"0a:1b:2c:3d:4e:5f": {"dhcp4": true}})", "10-bulkhead-0a-1b-2c-3d-4e-5f.network");
  CHECK(text.contains("[Match]\nPermanentMACAddress=0a:1b:2c:3d:4e:5f\n"));
  CHECK(!text.contains("\nName="));
}

TEST_CASE("a VLAN and a bond are entered at what they lie on") {
  const char* text = R"({"v1": {"kind": "vlan", "device": "b", "id": 1}, "v2": {"kind": "vlan", "device": "b", "id": 2},
                         "b": {"kind": "bond", "interfaces": ["x"]}})";
  CHECK(network_file(text, "10-bulkhead-b.network").contains("VLAN=v1\nVLAN=v2\n"));
  CHECK(network_file(text, "10-bulkhead-x.network").contains("Bond=b\n"));
  CHECK(network_file(text, "10-bulkhead-b.netdev").contains("MIIMonitorSec=100ms\n"));
  CHECK(network_file(text, "10-bulkhead-v2.netdev").contains("Kind=vlan\n\n[VLAN]\nId=2\n"));
}

TEST_CASE("interfaces that contradict themselves are refused with their name") {
  CHECK(why_not(R"({"e": {"static4": {"addresses": ["fd00::1/64"]}}})").contains("interfaces.e: fd00::1/64 is not"));
  CHECK(why_not(R"({"e": {"route": [{"via": "10.0.0.1"}]}})").contains("no destination"));
  CHECK(why_not(R"({"e": {"route": [{"to": "default"}]}})").contains("needs a gateway"));
  CHECK(why_not(R"({"e": {"route": [{"to": "10.0.0.0/8", "via": "fd00::1"}]}})").contains("mixes"));
  CHECK(why_not(R"({"e": {"id": 7}})").contains("need kind"));
  CHECK(why_not(R"({"e": {"primary": true}, "f": {"primary": true}})").contains("already primary"));
  CHECK(why_not(R"({"v": {"kind": "vlan", "id": 7}})").contains("needs the device"));
  CHECK(why_not(R"({"v": {"kind": "vlan", "device": "v", "id": 7}})").contains("needs the device"));
  CHECK(why_not(R"({"v": {"kind": "vlan", "device": "e"}})").contains("needs an id"));
  CHECK(why_not(R"({"0a:1b:2c:3d:4e:5f": {"kind": "vlan", "device": "e", "id": 7}})").contains("not a MAC address"));
  CHECK(why_not(R"({"b": {"kind": "bond"}})").contains("needs interfaces"));
  CHECK(why_not(R"({"b": {"kind": "bond", "interfaces": ["x"]}, "c": {"kind": "bond", "interfaces": ["x"]}})")
            .contains("already in another bond"));
  CHECK(why_not(R"({"b": {"kind": "bond", "interfaces": ["x"]}, "x": {"dhcp4": true}})").contains("of its own"));
  const auto monitored = [](const char* how) {
    return why_not(std::format(R"({{"b": {{"kind": "bond", "interfaces": ["x"], "monitoring": {}}}}})", how).c_str());
  };
  CHECK(monitored(R"({"miimon-frequency-ms": 1, "arpmon-interval-ms": 1})").contains("not both"));
  CHECK(monitored(R"({"arpmon-interval-ms": 1})").contains("needs arpmon-targets"));
  CHECK(monitored(R"({"arpmon-targets": ["10.0.0.1"]})").contains("needs arpmon-interval-ms"));
  CHECK(monitored(R"({"arpmon-interval-ms": 1, "arpmon-targets": ["fd00::1"]})").contains("IPv4"));
}
