// gzip (RFC 1952) in memory, with limits, through zlib.
#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::intake {

bool is_gzip(std::string_view bytes);

// All members, one after the other. Errors: invalid_argument when the bytes are damaged or incomplete, continue after
// the last member, or unpack to more than `limit` bytes. No more than that is ever in memory.
Result<std::string> gunzip(std::string_view bytes, std::size_t limit);

}  // namespace bulkhead::intake
