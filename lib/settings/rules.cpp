#include "lib/settings/rules.hpp"

#include "lib/codec/base64.hpp"

namespace bulkhead::settings {
namespace rule {

bool has_no_dot_dot(std::string_view text) { return !text.contains(".."); }

bool is_boot_value(std::string_view text) { return !(text.contains('"') && text.contains('\'')); }

Result<std::string> Base64::parse(std::string_view text) {
  const auto bytes = TRY(codec::from_base64(text));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<std::string> Certificates::parse(std::string_view text) {
  std::string pem = TRY(Base64::parse(text));
  if (pem.empty() || (pem.contains("-----BEGIN CERTIFICATE-----") && pem.contains("-----END CERTIFICATE-----")))
    return pem;
  return fail(ErrorCode::invalid_argument, "contains no certificate in PEM");
}

Result<value::Prefix> Ipv4Subnet::parse(std::string_view text) {
  const value::Prefix subnet = TRY(value::Prefix::parse(text));
  const value::Address& address = subnet.address();
  const bool unicast = !address.is_this_network() && !address.is_loopback() && !address.is_link_local() &&
                       !address.is_multicast() && !address.is_reserved();
  if (subnet.family() != value::Family::ipv4 || subnet.length() < 8 || subnet.length() > 30 || !unicast ||
      subnet.has_host_bits())
    return fail(ErrorCode::invalid_argument, "must be {}", kRule);
  return subnet;
}

Result<value::Prefix> Ipv6Subnet::parse(std::string_view text) {
  const value::Prefix subnet = TRY(value::Prefix::parse(text));
  if (!subnet.address().is_global_or_unique_local() || subnet.length() < 32 || subnet.length() > 126 ||
      subnet.has_host_bits())
    return fail(ErrorCode::invalid_argument, "must be {}", kRule);
  return subnet;
}

}  // namespace rule

}  // namespace bulkhead::settings
