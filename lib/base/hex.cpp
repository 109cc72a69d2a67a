#include "lib/base/hex.hpp"

#include <algorithm>

namespace bulkhead {

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4U];
    text += kDigits[std::to_integer<unsigned>(byte) & 0xfU];
  }
  return text;
}

namespace {

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::vector<std::byte>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0)
    return fail(ErrorCode::invalid_argument, "odd number of hexadecimal digits ({})", text.size());
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit_value(text[i]);
    const int low = digit_value(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::invalid_argument, "'{}' is not hexadecimal", text.substr(i, 2));
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

Result<Sha256> Sha256::parse(std::string_view hex) {
  const auto bytes = TRY_CTX(from_hex(hex), "reading a SHA-256 digest");
  Sha256 digest;
  if (bytes.size() != digest.bytes.size()) {
    return fail(ErrorCode::invalid_argument, "a SHA-256 digest has 64 hexadecimal digits, not {}", hex.size());
  }
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

}  // namespace bulkhead
