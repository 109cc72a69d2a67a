// Settings that a node generates when nobody has set them. They override the defaults of the declarations, and live
// settings override them. They are generated at each boot; only the seed has to stay the same, so the caller stores it.
//
// Pure functions: what they need from the machine is an argument. Their results have passed the setting's own rule.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/settings/model.hpp"
#include "lib/user_data/facts.hpp"

namespace bulkhead::intake {

using user_data::CloudFacts;

struct InterfaceAddress {
  std::string interface;
  std::string address;  // without a prefix length
};

inline constexpr std::uint32_t kSeeds = 2048;

// The cloud's name for the node (the first one), or its first label when it is longer than the kernel takes; else
// "bulkhead-" and the start of the machine id.
std::string hostname(const CloudFacts& facts, std::string_view machine_id);
std::optional<std::string> region(const CloudFacts& facts);
// The cloud's address, else one of `primary` when it has any, else one of the first interface with any: IPv4 before
// IPv6, in the order given. Loopback, link-local, multicast and unspecified addresses do not count.
std::optional<std::string> node_address(const CloudFacts& facts, std::span<const InterfaceAddress> addresses,
                                        std::string_view primary);
// 0 to kSeeds - 1 from random bits, each equally likely.
std::uint32_t seed(std::uint64_t random);

struct Inputs {
  CloudFacts facts{};
  std::string machine_id{};
  std::vector<InterfaceAddress> addresses{};
  std::string primary{};  // the interface with primary set in settings.network.interfaces, or that of the default route
};

// A document that check() accepts. Without the seed.
settings::Json generated(const Inputs& inputs);

// For GET /metadata/setting-generators.
struct Generator {
  std::string_view key;
  std::string_view name;
};
inline constexpr std::array kGenerators = {
    Generator{"aws.region", "region"},
    Generator{"kubernetes.node-ip", "node-address"},
    Generator{"network.hostname", "hostname"},
    Generator{"updates.seed", "seed"},
};
std::optional<std::string_view> generator_of(std::string_view key);

}  // namespace bulkhead::intake
