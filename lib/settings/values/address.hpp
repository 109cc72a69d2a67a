// Values of settings about networks: addresses, networks, routes, interfaces. Immutable.
//
// parse() accepts any text, within limits; to_string() gives the canonical form, which is written to files.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::settings::value {

enum class Family { ipv4, ipv6 };

// Without a zone ("%eth0"): the setting itself names the interface.
class Address {
 public:
  // Dotted decimal, or RFC 4291, section 2.2. Errors: invalid_argument.
  static Result<Address> parse(std::string_view text);
  // IPv6 in the form of RFC 5952.
  std::string to_string() const;

  Family family() const { return family_; }
  unsigned bits() const { return family_ == Family::ipv4 ? 32 : 128; }
  // The bit at `index`, counted from the most significant one.
  bool bit(unsigned index) const {
    const unsigned byte = bytes_.at(index / 8);
    return (byte >> (7 - index % 8) & 1U) != 0;
  }

  bool is_unspecified() const;   // 0.0.0.0, ::
  bool is_this_network() const;  // 0.0.0.0/8
  bool is_loopback() const;
  bool is_link_local() const;
  bool is_multicast() const;
  bool is_reserved() const;                // 240.0.0.0/4
  bool is_global_or_unique_local() const;  // 2000::/3, fc00::/7

  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> bytes_{};  // in network order; an IPv4 address is in the first four
};

// An address and the length of its network part: "10.0.0.9/24".
class Prefix {
 public:
  static Result<Prefix> parse(std::string_view text);
  std::string to_string() const;

  const Address& address() const { return address_; }
  unsigned length() const { return length_; }
  Family family() const { return address_.family(); }
  // True when the address is one of the network rather than the network's own.
  bool has_host_bits() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  Address address_;
  unsigned length_ = 0;
};

// The destination of a route: a network, or everything ("default").
struct Destination {
  std::optional<Prefix> network;  // none: everywhere

  static Result<Destination> parse(std::string_view text);

  auto operator<=>(const Destination&) const = default;
};

class MacAddress {
 public:
  // "0a:1b:2c:3d:4e:5f", in lower case.
  static Result<MacAddress> parse(std::string_view text);
  std::string to_string(char separator = ':') const;

  auto operator<=>(const MacAddress&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

// An interface by its name or by the MAC address of its hardware.
struct Link {
  std::string name{};  // empty when `mac` is set
  std::optional<MacAddress> mac{};

  static Result<Link> parse(std::string_view text);

  auto operator<=>(const Link&) const = default;
};

}  // namespace bulkhead::settings::value
