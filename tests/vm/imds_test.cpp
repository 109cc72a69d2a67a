// The shipped image for EC2 on a machine that says it is one of Amazon's, with a metadata service at the address where
// EC2 has it.
#include <algorithm>

#include "tests/support/fake_imds.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"
#include "tests/support/operator.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// A subnet as a default VPC has it, which for QEMU's user network must contain the service's address, too. The node
// gets its address by DHCP; nothing on it is link-local.
NodeOptions on_ec2(const FakeImds& imds, std::uint16_t port) {
  const std::string relay = (source_directory() / "tests/support/relay.py").native();
  return {.bus = vm::DiskBus::nvme,
          .api_port = port,
          .network = {.restricted = true,
                      .subnet = vm::Subnet{.network = "160.0.0.0/4",
                                           .gateway = "172.31.0.1",
                                           .name_server = "172.31.0.2",
                                           .guest = "172.31.16.9"},
                      .services = {{.address = "169.254.169.254",
                                    .port = 80,
                                    .command = {"/usr/bin/python3", relay, imds.socket()}}}},
          .vendor = "Amazon EC2",
          .outside_time = true};
}

std::string gzipped(const std::string& text) {
  const auto output = must(sys::run({.arguments = {"gzip", "-n", "-c"}, .input = text}));
  REQUIRE(output.exit_status == 0);
  return output.out;
}

std::string user_data(const Operator& outside, const std::string& motd) {
  return gzipped(json{{"settings", {{"motd", motd}, {"api", outside.api_settings()}}}}.dump());
}

std::map<std::string, std::string> instance(std::string user_data) {
  return {{"/latest/user-data", std::move(user_data)},
          {"/latest/dynamic/instance-identity/document",
           json{{"region", "eu-central-1"}, {"instanceId", "i-0123456789abcdef0"}}.dump()},
          {"/latest/meta-data/local-hostname", "ip-172-31-16-9.eu-central-1.compute.internal"},
          {"/latest/meta-data/local-ipv4", "172.31.16.9"}};
}

// Nobody outside is told that the service's answer is in effect: asks the node until its API shows `expected` as what
// became of it.
void wait_for_result(Node& node, const Operator& outside, const std::string& expected) {
  const vm::Deadline deadline = vm::after(kBootTime);
  for (;;) {
    const sys::Output output = outside.apiclient({"--json", "user-data"});
    INFO(output.out << output.err);
    if (output.exit_status == 0) {
      const json answer = json::parse(output.out);
      for (const json& source : answer["sources"]) {
        if (source["source"] == "imds" && source["result"] == expected) return;
      }
    }
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    must(node.machine().run_until(vm::after(2s)));
  }
}

std::string motd(const Operator& outside) { return outside.json({"get", "settings.motd"})["settings"]["motd"]; }

TEST_CASE("user data and facts come from the metadata service, and user data only once") {
  const ScratchDisk disk(BuiltImage::of_variant("ec2"));
  const std::uint16_t port = free_port();
  const Operator outside(port);
  FakeImds imds(instance(user_data(outside, "from the metadata service")), 3);
  {
    Node node(disk, "imds-1", on_ec2(imds, port));
    const node_state::StatusLine state = node.wait_until_ready();
    CHECK(state.field("variant") == "ec2");
    wait_for_result(node, outside, "applied");
    CHECK(motd(outside) == "from the metadata service");
    const json settings = outside.json({"get", "settings"})["settings"];
    CHECK(settings["aws"]["region"] == "eu-central-1");
    CHECK(settings["network"]["hostname"] == "ip-172-31-16-9.eu-central-1.compute.internal");
    const json status = outside.json({"status"});
    CHECK(status["state"] == "ready");
    CHECK(status["problems"].empty());
    CHECK(status["hostname"] == "ip-172-31-16-9.eu-central-1.compute.internal");

    // The service was not ready three times; then a token came first, and was used for everything.
    const std::vector<std::string> requests = imds.requests();
    REQUIRE(requests.size() >= 8);
    CHECK(std::ranges::count(requests, "PUT /latest/api/token 503") == 3);
    CHECK(std::ranges::count(requests, "PUT /latest/api/token 200") == 1);
    CHECK(requests[4] == "GET /latest/user-data 200");
    CHECK(std::ranges::none_of(requests, [](const std::string& line) { return line.ends_with("401"); }));

    outside.must_apiclient({"set", "motd=set by the operator"});
    node.shut_down();
  }
  // Somebody changed the user data of the instance: it is not for this node any more.
  imds.put("/latest/user-data", user_data(outside, "changed since"));
  {
    Node node(disk, "imds-2", on_ec2(imds, port));
    node.wait_until_ready();
    wait_for_result(node, outside, "unchanged");
    CHECK(std::ranges::count(imds.requests(), "GET /latest/user-data 200") == 2);
    CHECK(motd(outside) == "set by the operator");
    CHECK(outside.json({"status"})["hostname"] == "ip-172-31-16-9.eu-central-1.compute.internal");
    node.shut_down();
  }
}

}  // namespace
}  // namespace bulkhead::testing
