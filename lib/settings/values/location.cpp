#include "lib/settings/values/location.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::settings::value {
namespace {

constexpr std::string_view kSchemeEnd = "://";

Result<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_integer<std::uint16_t>(text);
  if (!port || *port == 0 || text.starts_with('0'))
    return fail(ErrorCode::invalid_argument, "a port must be a number from 1 to 65535");
  return *port;
}

struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port{};
};

// "host", "host:port", "[address]", "[address]:port".
Result<HostPort> parse_host_port(std::string_view text) {
  std::string_view host = text.substr(0, text.rfind(':'));
  std::string_view rest = text.substr(host.size());
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return fail(ErrorCode::invalid_argument, "the ']' after the IPv6 address is missing");
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (host.contains(':')) {
    return fail(ErrorCode::invalid_argument, "an IPv6 address must be in brackets, as in [fd00::1]:443");
  }
  if (host.empty()) return fail(ErrorCode::invalid_argument, "the host is missing");
  HostPort result{.host = std::string(host)};
  if (rest.empty()) return result;
  if (!rest.starts_with(':')) return fail(ErrorCode::invalid_argument, "only ':' and a port may follow the ']'");
  result.port = TRY(parse_port(rest.substr(1)));
  return result;
}

bool is_label(std::string_view text) {
  constexpr std::size_t kLongestLabel = 63;
  return !text.empty() && text.size() <= kLongestLabel && !text.starts_with('-') && !text.ends_with('-') &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_host_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_space_or_control(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

}  // namespace

std::string_view to_string(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : "udp"; }

Result<PortRange> PortRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view ports = text.substr(0, slash);
  const std::string_view protocol = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  if (protocol != "tcp" && protocol != "udp")
    return fail(ErrorCode::invalid_argument, "the protocol must be tcp or udp, as in 22/tcp");
  PortRange range;
  range.protocol_ = protocol == "tcp" ? Protocol::tcp : Protocol::udp;
  const auto dash = ports.find('-');
  range.first_ = TRY(parse_port(ports.substr(0, dash)));
  range.last_ = range.first_;
  if (dash != std::string_view::npos) range.last_ = TRY(parse_port(ports.substr(dash + 1)));
  if (range.last_ < range.first_) return fail(ErrorCode::invalid_argument, "the last port is below the first");
  return range;
}

std::string PortRange::ports() const {
  return first_ == last_ ? std::to_string(first_) : std::format("{}-{}", first_, last_);
}

std::string PortRange::to_string() const { return std::format("{}/{}", ports(), value::to_string(protocol_)); }

Result<HostName> HostName::parse(std::string_view text) {
  if (!std::ranges::all_of(split(text, '.'), is_label)) {
    return fail(ErrorCode::invalid_argument,
                "each part of a host name must be 1 to 63 lower-case letters, digits and '-', with no '-' at its ends");
  }
  HostName name;
  name.text_ = text;
  return name;
}

Result<Registry> Registry::parse(std::string_view text) {
  Registry registry;
  registry.text_ = text;
  if (registry.is_every()) return registry;
  const auto colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) TRY(parse_port(text.substr(colon + 1)));
  if (host.empty() || host.starts_with('.') || host.starts_with('-') || !std::ranges::all_of(host, is_host_character))
    return fail(ErrorCode::invalid_argument, "the host of a registry must be letters, digits, '.' and '-'");
  return registry;
}

Result<Server> Server::parse(std::string_view text) {
  if (const auto scheme = text.find(kSchemeEnd); scheme != std::string_view::npos)
    text.remove_prefix(scheme + kSchemeEnd.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  // Nobody puts brackets around the address of a time server.
  if (!text.starts_with('[') && std::ranges::count(text, ':') > 1)
    return Server{.host = std::string(text), .port = std::nullopt};
  HostPort parts = TRY(parse_host_port(text));
  return Server{.host = std::move(parts.host), .port = parts.port};
}

Result<Url> Url::parse(std::string_view text) {
  if (std::ranges::any_of(text, is_space_or_control))
    return fail(ErrorCode::invalid_argument, "a URL must not contain white space or control characters");
  Url url;
  url.text_ = text;
  const auto scheme = text.find(kSchemeEnd);
  if (scheme != std::string_view::npos && scheme < text.find_first_of("/?#@")) {
    url.scheme_ = text.substr(0, scheme);
    text.remove_prefix(scheme + kSchemeEnd.size());
  }
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  text.remove_prefix(authority.size());
  url.path_ = text.substr(0, text.find_first_of("?#"));
  const auto user = authority.rfind('@');
  HostPort parts = TRY(parse_host_port(user == std::string_view::npos ? authority : authority.substr(user + 1)));
  url.host_ = std::move(parts.host);
  url.port_ = parts.port;
  return url;
}

}  // namespace bulkhead::settings::value
