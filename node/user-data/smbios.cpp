#include "node/user-data/smbios.hpp"

#include "lib/base/hex.hpp"
#include "lib/codec/base64.hpp"

namespace bulkhead::collect {
namespace {

constexpr std::size_t kHeader = 4;  // type, length, handle
constexpr unsigned char kOemStrings = 11;
constexpr unsigned char kEnd = 127;

// The strings behind a structure's formatted area, each with its NUL, and one more NUL at the end. Moves `rest` behind
// it; false when the table ends before.
bool take_strings(std::string_view& rest, std::vector<std::string>* into) {
  if (rest.starts_with('\0')) rest.remove_prefix(1);  // without strings, there are two NULs
  for (;;) {
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return false;
    if (end > 0 && into != nullptr) into->emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (end == 0) return true;
  }
}

}  // namespace

std::vector<std::string> oem_strings(std::string_view table) {
  std::vector<std::string> strings;
  while (table.size() >= kHeader) {
    const auto type = static_cast<unsigned char>(table[0]);
    const auto length = static_cast<unsigned char>(table[1]);
    if (length < kHeader || length > table.size() || type == kEnd) break;
    table.remove_prefix(length);
    if (!take_strings(table, type == kOemStrings ? &strings : nullptr)) break;
  }
  return strings;
}

Result<std::optional<std::string>> credential(const std::vector<std::string>& strings, std::string_view name) {
  const std::string text = std::format("io.systemd.credential:{}=", name);
  const std::string binary = std::format("io.systemd.credential.binary:{}=", name);
  std::optional<std::string> found;
  for (const std::string_view string : strings) {
    if (!string.starts_with(text) && !string.starts_with(binary)) continue;
    if (found) return fail(ErrorCode::invalid_argument, "two SMBIOS strings have the credential {}", name);
    if (string.starts_with(text)) {
      found = string.substr(text.size());
    } else {
      const auto bytes = codec::from_base64(string.substr(binary.size()));
      if (!bytes)
        return fail(ErrorCode::invalid_argument, "the SMBIOS string with the credential {} is not valid base64", name);
      found = as_text(*bytes);
    }
  }
  return found;
}

}  // namespace bulkhead::collect
