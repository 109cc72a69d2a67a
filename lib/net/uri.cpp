#include "lib/net/uri.hpp"

#include <boost/url/encode.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <format>

#include "lib/base/text.hpp"

namespace bulkhead::net {

Result<Uri> parse_uri(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return fail(ErrorCode::invalid_argument, "'{}' is not a URI: {}", text, parsed.error().message());
  const boost::urls::url_view& view = *parsed;
  if (view.has_userinfo())
    return fail(ErrorCode::invalid_argument,
                "a URI with a user name or password is refused, because it would end up in logs");
  if (view.has_port() && !view.port().empty() && view.port_number() == 0)
    return fail(ErrorCode::invalid_argument, "'{}' has no valid port: use 1 to 65535", text);
  Uri uri{.scheme = std::string(view.scheme()),
          .host = view.host_address(),
          .port = view.port_number(),
          .path = view.path(),
          .target = std::string(view.encoded_target())};
  std::ranges::transform(uri.scheme, uri.scheme.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (uri.target.empty() || uri.target.front() != '/') uri.target.insert(0, "/");
  return uri;
}

Result<Endpoint> endpoint_of(const Uri& uri) {
  if (uri.host.empty()) return fail(ErrorCode::invalid_argument, "a URL with the scheme {} needs a host", uri.scheme);
  if (uri.scheme == "http") return TcpEndpoint{.host = uri.host, .port = uri.port == 0 ? std::uint16_t{80} : uri.port};
  if (uri.scheme == "https")
    return TlsEndpoint{.host = uri.host, .port = uri.port == 0 ? std::uint16_t{443} : uri.port};
  return fail(ErrorCode::invalid_argument, "'{}:' is not HTTP: use http: or https:", uri.scheme);
}

Result<std::pair<std::string, std::uint16_t>> parse_host_port(std::string_view text, std::uint16_t fallback) {
  const std::string whole = std::format("x://{}", text);  // outlives the views below
  const auto parsed = boost::urls::parse_uri(whole);
  if (!parsed || parsed->host_address().empty() || !parsed->encoded_path().empty() || parsed->has_userinfo() ||
      parsed->has_query() || (parsed->has_port() && parsed->port_number() == 0))
    return fail(ErrorCode::invalid_argument, "'{}' is not HOST or HOST:PORT", text);
  return std::pair{parsed->host_address(), parsed->has_port() ? parsed->port_number() : fallback};
}

bool is_address(std::string_view host) {
  return boost::urls::parse_ipv4_address(host).has_value() || boost::urls::parse_ipv6_address(host).has_value();
}

std::string target_of(std::string_view path,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string target(path);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    target += std::format("{}{}={}", separator, name, boost::urls::encode(value, boost::urls::unreserved_chars));
    separator = '&';
  }
  return target;
}

std::string to_string(const Endpoint& endpoint) {
  const auto with_port = [](const std::string& host, std::uint16_t port) {
    return host.contains(':') ? std::format("[{}]:{}", host, port) : std::format("{}:{}", host, port);
  };
  if (const auto* local = std::get_if<UnixEndpoint>(&endpoint)) return local->path;
  if (const auto* tcp = std::get_if<TcpEndpoint>(&endpoint)) return with_port(tcp->host, tcp->port);
  const auto& tls = std::get<TlsEndpoint>(endpoint);
  return with_port(tls.host, tls.port);
}

}  // namespace bulkhead::net
