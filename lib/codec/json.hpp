// JSON from anywhere. The one place that calls nlohmann's parser (tools/check-layers): that parser does not limit
// nesting, and printing, copying or comparing a value recurses once for each level.
//
// Current limit: values nested up to 32 levels. Callers limit the size of the text.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::codec {

inline constexpr std::size_t kDeepestJson = 32;

// Two members of one object with the same name.
enum class RepeatedNames { last_counts, refused };

// Errors: invalid_argument; with a `source`, "source:line:column: what is wrong", or "source: what is wrong".
Result<nlohmann::json> parse_json(std::string_view text, const std::string& source = {},
                                  RepeatedNames names = RepeatedNames::last_counts);
// The same, and members keep the order of the text.
Result<nlohmann::ordered_json> parse_ordered_json(std::string_view text, const std::string& source = {});
// The same values as CBOR (RFC 8949).
Result<nlohmann::json> parse_cbor(std::string_view bytes);

}  // namespace bulkhead::codec
