#include "os-builder/licenses/copyright_file.hpp"

#include <cstddef>
#include <cstdint>

#include "lib/base/hex.hpp"
#include "os-builder/licenses/expression.hpp"

// A copyright file of any bytes gives an expression whose references are all defined, with SPDX's characters.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto file = licenses::parse_copyright(text);
  if (!file) return 0;
  const auto license = licenses::declared_license(*file, "source", text);
  if (license.expression.empty()) __builtin_trap();
  for (const auto& reference : license.references) {
    if (!license.expression.contains(reference.id) || !reference.id.starts_with("LicenseRef-")) __builtin_trap();
    for (const char c : reference.id) {
      if (c != '.' && c != '-' && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
        __builtin_trap();
    }
  }
  return 0;
}
