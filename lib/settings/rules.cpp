#include "lib/settings/rules.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/text.hpp"
#include "lib/codec/base64.hpp"

namespace bulkhead::settings::rule {
namespace {

// Length in bits of the address family, 0 when `text` is no address.
int address_bits(std::string_view text) {
  const std::string terminated(text);
  in6_addr room{};
  if (::inet_pton(AF_INET, terminated.c_str(), &room) == 1) return 32;
  if (::inet_pton(AF_INET6, terminated.c_str(), &room) == 1) return 128;
  return 0;
}

struct Subnet {
  std::array<std::uint8_t, 16> address{};  // in network order; an IPv4 address is in the first four
  int prefix = 0;
};

// Nothing when `text` is no address of this family with a prefix length, or has bits behind the prefix.
std::optional<Subnet> subnet(std::string_view text, int family, int bits) {
  Subnet result;
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string address(text.substr(0, slash));
  const auto prefix = parse_integer<int>(text.substr(slash + 1));
  if (::inet_pton(family, address.c_str(), result.address.data()) != 1) return std::nullopt;
  if (!prefix || *prefix < 0 || *prefix > bits) return std::nullopt;
  result.prefix = *prefix;
  for (int bit = result.prefix; bit < bits; ++bit) {
    const unsigned byte = result.address.at(static_cast<std::size_t>(bit / 8));
    if ((byte >> static_cast<unsigned>(7 - bit % 8) & 1U) != 0) return std::nullopt;
  }
  return result;
}

}  // namespace

bool is_base64(std::string_view text) { return codec::from_base64(text).has_value(); }

bool is_certificates(std::string_view text) {
  const auto bytes = codec::from_base64(text);
  if (!bytes) return false;
  const std::string_view pem(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  return pem.empty() || (pem.contains("-----BEGIN CERTIFICATE-----") && pem.contains("-----END CERTIFICATE-----"));
}

bool is_host_name(std::string_view text) {
  return std::ranges::all_of(split(text, '.'), [](std::string_view part) {
    return !part.empty() && part.size() <= 63 && part.front() != '-' && part.back() != '-';
  });
}

bool is_ip_address(std::string_view text) { return address_bits(text) != 0; }

bool is_ip_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto prefix = parse_integer<int>(text.substr(slash + 1));
  return prefix && *prefix >= 0 && *prefix <= address_bits(text.substr(0, slash)) &&
         address_bits(text.substr(0, slash)) != 0;
}

bool is_ipv4_subnet(std::string_view text) {
  const auto found = subnet(text, AF_INET, 32);
  if (!found || found->prefix < 8 || found->prefix > 30) return false;
  const std::uint8_t first = found->address[0];
  const bool link_local = first == 169 && found->address[1] == 254;
  return first != 0 && first != 127 && first < 224 && !link_local;
}

bool is_ipv6_subnet(std::string_view text) {
  const auto found = subnet(text, AF_INET6, 128);
  if (!found || found->prefix < 32 || found->prefix > 126) return false;
  const unsigned first = found->address[0];
  return (first & 0xe0U) == 0x20 || (first & 0xfeU) == 0xfc;  // 2000::/3, fc00::/7
}

bool is_open_ports(std::string_view text) {
  const auto ports = split(text.substr(0, text.find('/')), '-');
  if (ports.empty() || ports.size() > 2) return false;
  const auto first = parse_integer<int>(ports.front());
  const auto last = parse_integer<int>(ports.back());
  return first && last && *first >= 1 && *last <= 65535 && *first <= *last;
}

bool is_route_target(std::string_view text) { return text == "default" || is_ip_network(text); }

bool has_no_dot_dot(std::string_view text) { return !text.contains(".."); }

bool is_boot_value(std::string_view text) { return !(text.contains('"') && text.contains('\'')); }

}  // namespace bulkhead::settings::rule
