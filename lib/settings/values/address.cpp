#include "lib/settings/values/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::settings::value {
namespace {

constexpr std::size_t kLongestAddress = INET6_ADDRSTRLEN - 1;

int family_number(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

// A hexadecimal digit in lower case; nothing for any other character.
std::optional<std::uint8_t> digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const std::string terminated(text.substr(0, kLongestAddress + 1));
  const bool possible = terminated.size() <= kLongestAddress && !text.contains('\0');
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Address address;
    address.family_ = family;
    if (possible && ::inet_pton(family_number(family), terminated.c_str(), address.bytes_.data()) == 1) return address;
  }
  return fail(ErrorCode::invalid_argument, "not an IP address");
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  const char* const text = ::inet_ntop(family_number(family_), bytes_.data(), room.data(), room.size());
  return text == nullptr ? "" : text;  // there is room for every address
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_this_network() const { return family_ == Family::ipv4 && bytes_[0] == 0; }

bool Address::is_loopback() const {
  if (family_ == Family::ipv4) return bytes_[0] == 127;
  return bytes_.back() == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; });
}

bool Address::is_link_local() const {
  if (family_ == Family::ipv4) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0U) == 0x80;
}

bool Address::is_multicast() const { return family_ == Family::ipv4 ? (bytes_[0] & 0xf0U) == 0xe0 : bytes_[0] == 0xff; }

bool Address::is_reserved() const { return family_ == Family::ipv4 && (bytes_[0] & 0xf0U) == 0xf0; }

bool Address::is_global_or_unique_local() const {
  return family_ == Family::ipv6 && ((bytes_[0] & 0xe0U) == 0x20 || (bytes_[0] & 0xfeU) == 0xfc);
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return fail(ErrorCode::invalid_argument, "the prefix length is missing, as in 10.0.0.0/8");
  Prefix prefix;
  prefix.address_ = TRY(Address::parse(text.substr(0, slash)));
  prefix.length_ = TRY(parse_integer<unsigned>(text.substr(slash + 1)));
  if (prefix.length_ > prefix.address_.bits())
    return fail(ErrorCode::invalid_argument, "the prefix length must not be above {}", prefix.address_.bits());
  return prefix;
}

std::string Prefix::to_string() const { return std::format("{}/{}", address_.to_string(), length_); }

bool Prefix::has_host_bits() const {
  for (unsigned index = length_; index < address_.bits(); ++index) {
    if (address_.bit(index)) return true;
  }
  return false;
}

Result<Destination> Destination::parse(std::string_view text) {
  if (text == "default") return Destination{};
  const Prefix network = TRY(Prefix::parse(text));
  return Destination{.network = network};
}

Result<MacAddress> MacAddress::parse(std::string_view text) {
  const auto parts = split(text.substr(0, 18), ':');
  MacAddress mac;
  if (parts.size() != mac.bytes_.size()) return fail(ErrorCode::invalid_argument, "not a MAC address");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto high = parts[i].size() == 2 ? digit(parts[i][0]) : std::nullopt;
    const auto low = parts[i].size() == 2 ? digit(parts[i][1]) : std::nullopt;
    if (!high || !low) return fail(ErrorCode::invalid_argument, "not a MAC address");
    mac.bytes_.at(i) = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return mac;
}

std::string MacAddress::to_string(char separator) const {
  std::string text;
  for (const std::uint8_t byte : bytes_) {
    if (!text.empty()) text += separator;
    text += std::format("{:02x}", byte);
  }
  return text;
}

Result<Link> Link::parse(std::string_view text) {
  if (text.contains(':')) {
    const MacAddress mac = TRY(MacAddress::parse(text));
    return Link{.mac = mac};
  }
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
  if (text.empty() || text.size() >= IFNAMSIZ || !plain)
    return fail(ErrorCode::invalid_argument, "not the name of an interface");
  return Link{.name = std::string(text)};
}

}  // namespace bulkhead::settings::value
