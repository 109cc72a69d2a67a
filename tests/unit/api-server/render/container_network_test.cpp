#include <catch2/catch_test_macros.hpp>

#include "tests/unit/api-server/render/sample.hpp"

using namespace bulkhead;
using namespace bulkhead::render;
using namespace bulkhead::render::testing;

namespace {

constexpr auto kFile = "/etc/cni/net.d/10-bulkhead.conflist";

Json plugin(const char* containers) {
  const Json list = Json::parse(content({{"network", {{"containers", Json::parse(containers)}}}}, kFile));
  CHECK(list["cniVersion"] == "1.0.0");
  CHECK(list["name"] == "bulkhead");
  CHECK(list["plugins"].size() == 1);
  return list["plugins"][0];
}

}  // namespace

TEST_CASE("containers get addresses of the subnet from a bridge that is their gateway") {
  const Json bridge = plugin("{}");
  CHECK(bridge["type"] == "bridge");
  CHECK(bridge["bridge"] == "bulkhead0");
  CHECK(bridge["isGateway"] == true);
  CHECK(bridge["ipMasq"] == false);
  CHECK(!bridge.contains("mtu"));
  const Json& ipam = bridge["ipam"];
  CHECK(ipam["type"] == "host-local");
  CHECK(ipam["dataDir"] == "/run/cni");
  CHECK(ipam["ranges"] == Json::parse(R"([[{"subnet": "10.88.0.0/16"}]])"));
  CHECK(ipam["routes"] == Json::parse(R"([{"dst": "0.0.0.0/0"}])"));
}

TEST_CASE("subnets and the longest packet are those of the settings") {
  const Json bridge = plugin(R"({"subnet": "10.99.0.0/20", "ipv6-subnet": "fd00:88::/64", "mtu": 1400})");
  CHECK(bridge["mtu"] == 1400);
  CHECK(bridge["ipam"]["ranges"] == Json::parse(R"([[{"subnet": "10.99.0.0/20"}], [{"subnet": "fd00:88::/64"}]])"));
  CHECK(bridge["ipam"]["routes"] == Json::parse(R"([{"dst": "0.0.0.0/0"}, {"dst": "::/0"}])"));
}

TEST_CASE("in a cluster the network is the cluster's") {
  CHECK(content(Json::parse(R"({"kubernetes": {"api-server": "https://10.0.0.2:6443"}})"), kFile).empty());
  CHECK(!content(Json::parse(R"({"kubernetes": {"standalone-mode": true}})"), kFile).empty());
}
