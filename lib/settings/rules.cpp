#include "lib/settings/rules.hpp"

#include <arpa/inet.h>

#include <algorithm>

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

bool is_route_target(std::string_view text) { return text == "default" || is_ip_network(text); }

bool has_no_dot_dot(std::string_view text) { return !text.contains(".."); }

bool is_boot_value(std::string_view text) { return !(text.contains('"') && text.contains('\'')); }

}  // namespace bulkhead::settings::rule
