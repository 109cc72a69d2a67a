// Where the programs of a node find each other, and what they find on a cloud's network. Each constant stands here
// only.
#pragma once

#include <cstdint>
#include <string_view>

namespace bulkhead::net {

// The API server on the node itself.
inline constexpr std::string_view kApiSocket = "/run/api.sock";
// Its remote listener, when settings.api.listen-port says nothing else.
inline constexpr std::uint16_t kApiPort = 8443;

// Instance metadata, which hands out the node's credentials. EC2, and clouds that do as EC2 does.
inline constexpr std::string_view kMetadataIpv4 = "169.254.169.254";
inline constexpr std::string_view kMetadataIpv6 = "fd00:ec2::254";

// The kubelet's API, which the control plane of a cluster calls.
inline constexpr std::uint16_t kKubeletPort = 10250;

}  // namespace bulkhead::net
