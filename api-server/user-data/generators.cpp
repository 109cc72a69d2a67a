#include "api-server/user-data/generators.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/settings/rules.hpp"

namespace bulkhead::intake {
namespace {

using settings::Json;
using settings::value::Address;
using settings::value::Family;

constexpr std::size_t kDigits = 8;

// One that others can reach the node at.
bool is_usable(const Address& address) {
  return !address.is_unspecified() && !address.is_loopback() && !address.is_link_local() && !address.is_multicast() &&
         !address.is_reserved();
}

std::optional<std::string> address_on(std::span<const InterfaceAddress> addresses, std::string_view interface) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const InterfaceAddress& candidate : addresses) {
      const auto address = Address::parse(candidate.address);
      if (candidate.interface == interface && address && address->family() == family && is_usable(*address))
        return candidate.address;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string hostname(const CloudFacts& facts, std::string_view machine_id) {
  // With several domains in the DHCP options, EC2 gives several names, separated by spaces.
  const std::string all = facts.hostname.value_or("");
  const std::string_view given = trim(all);
  std::string name(given.substr(0, given.find(' ')));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (settings::NodeName::parse(name)) return name;
  // Longer than the kernel takes: its first label, if that is one.
  std::string label = name.substr(0, name.find('.'));
  if (settings::HostName::parse(name) && settings::NodeName::parse(label)) return label;
  std::string made = std::format("bulkhead-{}", machine_id.substr(0, kDigits));
  return settings::NodeName::parse(made) && machine_id.size() >= kDigits ? made : "bulkhead";
}

std::optional<std::string> region(const CloudFacts& facts) {
  if (facts.region && settings::Region::parse(*facts.region)) return facts.region;
  return std::nullopt;
}

std::optional<std::string> node_address(const CloudFacts& facts, std::span<const InterfaceAddress> addresses,
                                        std::string_view primary) {
  const auto said = Address::parse(facts.node_address.value_or(""));
  if (said && is_usable(*said)) return facts.node_address;
  if (auto found = address_on(addresses, primary)) return found;
  for (const InterfaceAddress& candidate : addresses) {
    if (auto found = address_on(addresses, candidate.interface)) return found;
  }
  return std::nullopt;
}

std::uint32_t seed(std::uint64_t random) { return static_cast<std::uint32_t>(random % kSeeds); }

Json generated(const Inputs& inputs) {
  Json document = Json::object();
  document["network"]["hostname"] = hostname(inputs.facts, inputs.machine_id);
  if (auto found = region(inputs.facts)) document["aws"]["region"] = *found;
  if (auto found = node_address(inputs.facts, inputs.addresses, inputs.primary))
    document["kubernetes"]["node-ip"] = *found;
  return document;
}

std::optional<std::string_view> generator_of(std::string_view key) {
  const auto* const found = std::ranges::find(kGenerators, key, &Generator::key);
  if (found == kGenerators.end()) return std::nullopt;
  return found->name;
}

}  // namespace bulkhead::intake
