// The peer of a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "lib/base/hex.hpp"

namespace bulkhead::net {

struct UnixEndpoint {
  std::string path;
  bool operator==(const UnixEndpoint&) const = default;
};

// Unprotected: for addresses on the machine itself and the link, such as instance metadata, and for http://.
struct TcpEndpoint {
  std::string host;
  std::uint16_t port = 80;
  bool operator==(const TcpEndpoint&) const = default;
};

// TLS 1.3. The server is trusted when its certificate has this fingerprint (SHA-256 of its DER form), or when it names
// `host` and a CA of `ca_file` signed it; with neither set, the machine's CA bundle is used.
struct TlsEndpoint {
  std::string host;
  std::uint16_t port = 443;
  std::string ca_file{};
  std::optional<Sha256> fingerprint{};
  std::string certificate_file{};  // PEM, ours; empty: none is sent
  std::string key_file{};
  bool operator==(const TlsEndpoint&) const = default;
};

using Endpoint = std::variant<UnixEndpoint, TcpEndpoint, TlsEndpoint>;

// "/run/api.sock", "example.com:443", "[::1]:443": for messages and the Host header.
std::string to_string(const Endpoint& endpoint);

}  // namespace bulkhead::net
