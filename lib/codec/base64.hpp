// Base64 of RFC 4648 section 4: standard alphabet, padded, no line breaks. Small enough for the initrd's static
// program.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::codec {

std::string to_base64(std::span<const std::byte> bytes);

// Strict: white space, missing padding, and bits left over in the last character are refused, so that every value has
// one text.
Result<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace bulkhead::codec
