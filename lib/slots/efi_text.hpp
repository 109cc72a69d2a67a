// Texts in EFI variables, as Linux's efivarfs shows them: four bytes of attributes, then UTF-16LE.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::slots {

// The vendor UUID of systemd's boot loader interface, behind the names of its variables.
inline constexpr std::string_view kLoaderVendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
inline constexpr std::size_t kLargestVariable = std::size_t{64} << 10U;

// Texts that end with NUL, one after the other; a last one without NUL counts too, empty ones are left out. Characters
// outside ASCII become '?': our texts have none. Errors: invalid_argument for a variable without attributes, of odd
// length, or too long.
Result<std::vector<std::string>> parse_efi_texts(std::span<const std::byte> variable);

}  // namespace bulkhead::slots
