#include <catch2/catch_test_macros.hpp>

#include "tests/support/golden.hpp"
#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

std::string rules(const char* changes) { return content(Json::parse(changes), "/etc/nftables.conf"); }

}  // namespace

TEST_CASE("the image's own rules are those of the defaults: closed until settings say otherwise") {
  CHECK(bulkhead::testing::matches_golden("../../os-builder/rootfs/overlay/base/etc/bulkhead/nftables.conf",
                                          rules("{}")) == "");
  CHECK(rules("{}").contains("policy drop;"));
  CHECK(!rules("{}").contains("\" accept comment"));
}

TEST_CASE("the port of the remote API is open exactly when there is a listener") {
  CHECK(!rules(R"({"api": {"listen-port": 9443}})").contains("9443"));
  CHECK(rules(R"({"api": {"client-ca": ""}})").contains("    tcp dport 8443 accept comment \"api.listen-port\"\n"));
  CHECK(rules(R"({"api": {"client-ca": "", "listen-port": 9443}})").contains("    tcp dport 9443 accept"));
}

TEST_CASE("ports that settings open are open, with their protocol") {
  const std::string text = rules(R"({"network": {"firewall": {"open-ports": ["22/tcp", "30000-32767/udp"]}}})");
  CHECK(
      text.contains("    tcp dport 22 accept comment \"network.firewall.open-ports\"\n"
                    "    udp dport 30000-32767 accept comment \"network.firewall.open-ports\"\n"));
}

TEST_CASE("containers do not reach the metadata service unless they are allowed to") {
  CHECK(rules("{}").contains("iifname \"bulkhead0\" ip daddr 169.254.169.254 reject"));
  CHECK(rules("{}").contains("iifname \"bulkhead0\" ip6 daddr fd00:ec2::254 reject"));
  const std::string allowed = rules(R"({"network": {"containers": {"metadata-access": true}}})");
  CHECK(!allowed.contains("169.254.169.254"));
  CHECK(!allowed.contains("fd00:ec2::254"));
  CHECK(allowed.contains("policy drop;"));
}

TEST_CASE("the node is a router between its own networks only when a setting says so") {
  CHECK(rules("{}").contains("    iifgroup 66 oifgroup 66 ct status & dnat == 0 drop\n"));
  const std::string router = rules(R"({"network": {"firewall": {"forwarding": true}}})");
  CHECK(!router.contains("iifgroup"));
  CHECK(router.contains("chain forward"));  // containers are still closed to others
  CHECK(
      !rules(
           R"({"network": {"firewall": {"forwarding": true}}, "kubernetes": {"api-server": "https://10.0.0.2:6443"}})")
           .contains("chain forward"));
  // Every link of the node is in that group, with settings of its own or without.
  const auto settings = Json::parse(R"({"network": {"interfaces": {"eno1": {"dhcp4": true}}}})");
  CHECK(content(settings, "/etc/systemd/network/10-bulkhead-eno1.network").contains("\n[Link]\nGroup=66\n"));
}

TEST_CASE("containers leave with the address of the node") {
  CHECK(rules("{}").contains("    ip saddr 10.88.0.0/16 oifname != \"bulkhead0\" masquerade\n"));
  CHECK(!rules("{}").contains("ip6 saddr fd"));
  const std::string both =
      rules(R"({"network": {"containers": {"subnet": "10.99.0.0/20", "ipv6-subnet": "fd00:88::/64"}}})");
  CHECK(both.contains("    ip saddr 10.99.0.0/20 oifname"));
  CHECK(both.contains("    ip6 saddr fd00:88::/64 oifname"));
}

TEST_CASE("a firewall that is off leaves the masquerade and nothing else") {
  const std::string text =
      rules(R"({"network": {"firewall": {"enabled": false, "open-ports": ["22/tcp"]}}, "api": {"client-ca": ""}})");
  CHECK(text.contains("masquerade"));
  for (const char* word : {"drop", "reject", "dport", "chain input", "chain forward"}) {
    INFO(word);
    CHECK(!text.contains(word));
  }
}

TEST_CASE("in a cluster the kubelet's port is open, and the network of containers is the cluster's") {
  const std::string text = rules(R"({"kubernetes": {"api-server": "https://10.0.0.2:6443"}})");
  CHECK(text.contains("    tcp dport 10250 accept comment \"kubelet\"\n"));
  CHECK(text.contains("policy drop;"));
  CHECK(text.contains("iifgroup 66 oifgroup 66"));
  for (const char* word : {"masquerade", "bulkhead0", "ct state invalid drop\n    # Nobody", "chain postrouting"}) {
    INFO(word);
    CHECK(!text.contains(word));
  }
  CHECK(!rules(R"({"kubernetes": {"standalone-mode": true}})").contains("10250"));
}
