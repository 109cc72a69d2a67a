#include "lib/settings/key.hpp"

#include <algorithm>

namespace bulkhead::settings {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_quotable(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"'; }

// The segment at the start of `rest`, which it is taken from.
Result<std::string> take_segment(std::string_view& rest, std::string_view whole) {
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  const auto end = std::ranges::find_if_not(rest, quoted ? is_quotable : is_plain);
  std::string segment(rest.begin(), end);
  rest.remove_prefix(segment.size());
  if (quoted) {
    if (!rest.starts_with('"')) return fail(ErrorCode::invalid_argument, "'{}' is not a key: a '\"' is missing", whole);
    rest.remove_prefix(1);
  }
  if (segment.empty()) return fail(ErrorCode::invalid_argument, "'{}' is not a key: one of its parts is empty", whole);
  return segment;
}

}  // namespace

Result<Key> Key::parse(std::string_view text) {
  if (text.size() > kLongestKey)
    return fail(ErrorCode::invalid_argument, "the key has {} characters; {} are allowed", text.size(), kLongestKey);
  std::string_view rest = text;
  if (rest == "settings") return Key();
  if (rest.starts_with("settings.")) rest.remove_prefix(std::string_view("settings.").size());
  std::vector<std::string> segments;
  for (;;) {
    std::string segment = TRY(take_segment(rest, text));
    segments.push_back(std::move(segment));
    if (rest.empty()) return Key(std::move(segments));
    if (!rest.starts_with('.'))
      return fail(ErrorCode::invalid_argument, "'{}' is not a key: a part with '{}' needs double quotes", text,
                  rest.front());
    rest.remove_prefix(1);
  }
}

std::string Key::to_string() const {
  std::string text;
  for (const std::string& segment : segments_) {
    if (!text.empty()) text += '.';
    text += std::ranges::all_of(segment, is_plain) ? segment : '"' + segment + '"';
  }
  return text;
}

Key Key::child(std::string segment) const {
  Key result = *this;
  result.segments_.push_back(std::move(segment));
  return result;
}

bool Key::is_below(const Key& ancestor) const {
  return segments_.size() >= ancestor.segments_.size() &&
         std::equal(ancestor.segments_.begin(), ancestor.segments_.end(), segments_.begin());
}

}  // namespace bulkhead::settings
