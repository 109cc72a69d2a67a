// Lower-case hexadecimal text and fixed-size digests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead {

std::string to_hex(std::span<const std::byte> bytes);

// Accepts upper and lower case, an even number of digits and nothing else.
Result<std::vector<std::byte>> from_hex(std::string_view text);

// A SHA-256 value. Shown as 64 lower-case hex digits everywhere.
struct Sha256 {
  std::array<std::byte, 32> bytes{};

  static Result<Sha256> parse(std::string_view hex);
  std::string to_string() const { return to_hex(bytes); }

  auto operator<=>(const Sha256&) const = default;
};

// Shorthands for looking at text as bytes and back.
inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace bulkhead
