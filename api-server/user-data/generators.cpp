#include "api-server/user-data/generators.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "lib/base/text.hpp"
#include "lib/settings/rules.hpp"

namespace bulkhead::user_data {
namespace {

using settings::Json;

template <class Checked>
bool passes(const std::string& text) {
  return settings::fits(text, settings::Type<Checked>::shape());
}

constexpr std::size_t kDigits = 8;

bool is_usable_v4(const in_addr& address) {
  const std::uint32_t host = ntohl(address.s_addr);
  const bool loopback = host >> 24U == 127;
  const bool link_local = host >> 16U == 0xa9fe;  // 169.254.0.0/16
  return host != 0 && !loopback && !link_local && host >> 28U < 0xe;
}

bool is_usable_v6(const in6_addr& address) {
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_LOOPBACK(&address) && !IN6_IS_ADDR_LINKLOCAL(&address) &&
         !IN6_IS_ADDR_MULTICAST(&address);
}

enum class Family { v4, v6 };

bool is_usable(const std::string& text, Family family) {
  in_addr v4{};
  in6_addr v6{};
  if (family == Family::v4) return ::inet_pton(AF_INET, text.c_str(), &v4) == 1 && is_usable_v4(v4);
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && is_usable_v6(v6);
}

std::optional<std::string> address_on(std::span<const InterfaceAddress> addresses, std::string_view interface) {
  for (const Family family : {Family::v4, Family::v6}) {
    for (const InterfaceAddress& candidate : addresses) {
      if (candidate.interface == interface && is_usable(candidate.address, family)) return candidate.address;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string hostname(const CloudFacts& facts, std::string_view machine_id) {
  // DHCP options with several domains make EC2 give several names with spaces between.
  const std::string all = facts.hostname.value_or("");
  const std::string_view given = trim(all);
  std::string name(given.substr(0, given.find(' ')));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (passes<settings::HostName>(name)) return name;
  std::string made = std::format("bulkhead-{}", machine_id.substr(0, kDigits));
  return passes<settings::HostName>(made) && machine_id.size() >= kDigits ? made : "bulkhead";
}

std::optional<std::string> region(const CloudFacts& facts) {
  if (facts.region && passes<settings::Region>(*facts.region)) return facts.region;
  return std::nullopt;
}

std::optional<std::string> node_address(const CloudFacts& facts, std::span<const InterfaceAddress> addresses,
                                        std::string_view primary) {
  if (facts.node_address && (is_usable(*facts.node_address, Family::v4) || is_usable(*facts.node_address, Family::v6)))
    return facts.node_address;
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

}  // namespace bulkhead::user_data
