// Small text operations that the standard library lacks.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead {

// Pieces between separators; an empty text gives no piece, two separators in a row give an empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// For a terminal: what could move the cursor, change colors or turn the direction of writing becomes an escape sequence
// in plain text, \xNN or \uNNNN, and so do bytes that are not UTF-8. Tabs stay; line ends stay in `lines`.
enum class Keep { tabs, lines };
std::string printable(std::string_view text, Keep keep = Keep::tabs);
// The same for a JSON text, which stays a JSON text with the same value.
std::string printable_json(std::string_view text);

// The whole text must be one decimal number of type T.
template <std::integral T>
Result<T> parse_integer(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::invalid_argument, "'{}' is not a number in the allowed range", text);
  }
  return value;
}

// Shell-style match of a whole path: '*' and '?' do not cross '/', '**' does, '[a-z]' is a class, '\' escapes.
bool glob_match(std::string_view pattern, std::string_view path);

// Levenshtein distance, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `word`, or empty when none is near enough to be a likely typing mistake.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// 1536 -> "1.5 KiB"; 1024 -> "1 KiB"
std::string format_bytes(std::uint64_t bytes);
// "512M", "1G", "64K", "4096": binary units. Overflow and anything else is refused.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace bulkhead
