#include "api-server/user-data/generators.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

#include "lib/settings/settings.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::intake;
using bulkhead::testing::must;

namespace {

constexpr std::string_view kMachine = "0123456789abcdef0123456789abcdef";

CloudFacts named(std::string hostname) { return {.hostname = std::move(hostname)}; }

}  // namespace

TEST_CASE("a node is called what the cloud calls it, else after its machine id") {
  CHECK(hostname(named("ip-10-0-0-9.eu-central-1.compute.internal"), kMachine) ==
        "ip-10-0-0-9.eu-central-1.compute.internal");
  CHECK(hostname(named("Node-7.example.com other.example.com\n"), kMachine) == "node-7.example.com");
  CHECK(hostname(named("node-7." + std::string(60, 'x') + ".example"), kMachine) == "node-7");
  CHECK(hostname(named(std::string(64, 'x') + ".example"), kMachine) == "bulkhead-01234567");
  CHECK(hostname(named("not_a_name"), kMachine) == "bulkhead-01234567");
  CHECK(hostname({}, kMachine) == "bulkhead-01234567");
  CHECK(hostname({}, "") == "bulkhead");
  CHECK(hostname({}, "????????") == "bulkhead");
}

TEST_CASE("a node's address is the cloud's, the primary interface's, or the first") {
  const std::vector<InterfaceAddress> addresses = {{"lo", "127.0.0.1"},     {"eth0", "fe80::1"},  {"eth0", "fd00::9"},
                                                   {"eth0", "169.254.1.1"}, {"eth1", "fd00::10"}, {"eth1", "10.0.0.9"}};
  CHECK(node_address({.node_address = "10.1.1.1"}, addresses, "eth1") == "10.1.1.1");
  CHECK(node_address({.node_address = "nonsense"}, addresses, "eth1") == "10.0.0.9");
  CHECK(node_address({}, addresses, "eth0") == "fd00::9");
  CHECK(node_address({}, addresses, "eth7") == "fd00::9");
  CHECK(node_address({}, addresses, "") == "fd00::9");
  CHECK(node_address({}, {}, "eth0") == std::nullopt);
}

TEST_CASE("a seed is below 2048") {
  std::set<std::uint32_t> seen;
  for (std::uint64_t random = 0; random < std::uint64_t{2} * kSeeds; ++random) seen.insert(seed(random));
  CHECK(seen.size() == kSeeds);
  CHECK(*seen.rbegin() == kSeeds - 1);
  CHECK(seed(UINT64_MAX) < kSeeds);
}

TEST_CASE("generated settings are a good document, whatever the cloud says") {
  const auto& shape = settings::Settings::shape();
  const Inputs full{.facts = {.region = "eu-central-1", .hostname = "node-7", .node_address = "10.0.0.9"},
                    .machine_id = std::string(kMachine)};
  const auto document = generated(full);
  must(settings::check(document, shape));
  CHECK(document["aws"]["region"] == "eu-central-1");
  CHECK(document["kubernetes"]["node-ip"] == "10.0.0.9");
  const Inputs foreign{.facts = {.region = "EU", .hostname = std::string(300, 'a'), .node_address = "::1"}};
  must(settings::check(generated(foreign), shape));
  CHECK(generated(foreign) == settings::Json({{"network", {{"hostname", "bulkhead"}}}}));
  for (const Generator& generator : kGenerators) must(settings::find(shape, must(settings::Key::parse(generator.key))));
  CHECK(generator_of("updates.seed") == "seed");
  CHECK(generator_of("motd") == std::nullopt);
}

TEST_CASE("facts are read back, and what is none is refused") {
  const CloudFacts facts{.region = "eu-central-1", .hostname = "a", .instance_id = "i-1", .node_address = "10.0.0.9"};
  CHECK(must(user_data::parse_facts(user_data::to_text(facts))) == facts);
  CHECK(must(user_data::parse_facts("{}")) == CloudFacts{});
  CHECK(!user_data::parse_facts("[]"));
  CHECK(!user_data::parse_facts(R"({"region": 3})"));
}
