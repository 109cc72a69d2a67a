// URIs, parsed and composed. Boost.URL is inside uri.cpp only.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/result.hpp"
#include "lib/net/endpoint.hpp"

namespace bulkhead::net {

struct Uri {
  std::string scheme;      // in lower case
  std::string host;        // decoded, without the brackets of an IPv6 address
  std::uint16_t port = 0;  // 0 when there is none
  std::string path;        // decoded
  std::string target;      // path and query as a request has them, never empty

  bool operator==(const Uri&) const = default;
};

// "scheme://host:port/path?query#fragment" (RFC 3986); the fragment is for us and dropped. Errors: invalid_argument.
Result<Uri> parse_uri(std::string_view text);
// Of an http or https address. Errors: invalid_argument for other schemes and for user names, which would go to logs.
Result<Endpoint> endpoint_of(const Uri& uri);
// "host", "host:port", "[v6]:port"; `fallback` when there is no port.
Result<std::pair<std::string, std::uint16_t>> parse_host_port(std::string_view text, std::uint16_t fallback);

// IPv4 or IPv6 address, without brackets; false for a name.
bool is_address(std::string_view host);

// "/v1/plan?tx=a%20b": names are ours and used unchanged, values are encoded. Parameters with an empty value are left
// out.
std::string target_of(std::string_view path,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> parameters = {});

}  // namespace bulkhead::net
