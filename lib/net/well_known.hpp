// Addresses and ports of the programs of a node and of a cloud's network. Each constant is defined only here.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::net {

// The API server on the node itself.
inline constexpr std::string_view kApiSocket = "/run/api.sock";
// Its remote listener, unless settings.api.listen-port is set.
inline constexpr std::uint16_t kApiPort = 8443;

// Instance metadata, which hands out the node's credentials. EC2, and clouds with the same interface.
inline constexpr std::string_view kMetadataIpv4 = "169.254.169.254";
inline constexpr std::string_view kMetadataIpv6 = "fd00:ec2::254";

// The kubelet's API, which the control plane of a cluster calls.
inline constexpr std::uint16_t kKubeletPort = 10250;

}  // namespace bulkhead::net
