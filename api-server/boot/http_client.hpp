// One HTTP request and its answer, over TCP or a Unix socket, for programs of the boot. The one place that knows
// Boost.Beast on this side. No TLS, no redirects, no connection is kept.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::boot {

struct HttpRequest {
  std::string method = "GET";
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers{};
};
struct HttpResponse {
  unsigned status = 0;
  std::string body;
};

// What a program needs from the network: the seam of tests.
using Send = std::function<Result<HttpResponse>(const HttpRequest&)>;
using Wait = std::function<void(std::chrono::milliseconds)>;

struct HttpLimits {
  std::chrono::milliseconds timeout{5000};  // for everything, from connecting to the last byte
  std::size_t largest_body = std::size_t{1} << 20U;
};

struct Endpoint {
  std::string address;  // IPv4 or IPv6, never a name
  std::uint16_t port = 80;

  bool operator==(const Endpoint&) const = default;
};
// "http://169.254.169.254", "http://[fd00:ec2::254]:80". Errors: invalid_argument.
Result<Endpoint> parse_endpoint(std::string_view url);

// Errors: unavailable when nobody answers, too slowly, or with what is no HTTP; failed_precondition for a body that is
// too large; invalid_argument for a request that is none.
Result<HttpResponse> send_tcp(const Endpoint& endpoint, const HttpRequest& request, const HttpLimits& limits);
Result<HttpResponse> send_unix(const sys::Path& socket, const HttpRequest& request, const HttpLimits& limits);

// Blocks; for the time between two tries.
void wait_for(std::chrono::milliseconds time);

}  // namespace bulkhead::boot
