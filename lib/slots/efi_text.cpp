#include "lib/slots/efi_text.hpp"

namespace bulkhead::slots {

Result<std::vector<std::string>> parse_efi_texts(std::span<const std::byte> variable) {
  static constexpr std::size_t kAttributes = 4;
  if (variable.size() < kAttributes || variable.size() % 2 != 0 || variable.size() > kLargestVariable) {
    return fail(ErrorCode::invalid_argument, "an EFI variable of {} bytes is not a text", variable.size());
  }
  std::vector<std::string> texts;
  std::string text;
  for (auto rest = variable.subspan(kAttributes); !rest.empty(); rest = rest.subspan(2)) {
    const unsigned unit = std::to_integer<unsigned>(rest[0]) | std::to_integer<unsigned>(rest[1]) << 8U;
    if (unit != 0) {
      text.push_back(unit >= 0x20 && unit < 0x7f ? static_cast<char>(unit) : '?');
    } else if (!text.empty()) {
      texts.push_back(std::exchange(text, {}));
    }
  }
  if (!text.empty()) texts.push_back(std::move(text));
  return texts;
}

}  // namespace bulkhead::slots
