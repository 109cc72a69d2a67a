#include "lib/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <format>
#include <numeric>

namespace bulkhead {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  if (text.empty()) return pieces;
  for (;;) {
    const auto end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

namespace {

// The length of the well-formed sequence at the start of a text that is not empty (RFC 3629, section 4), else 0.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = at(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : (lead & 0xf0U) == 0xe0      ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((at(k) & 0xc0U) != 0x80) return 0;
  }
  const unsigned second = at(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool no_character = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || no_character ? 0 : length;
}

char32_t code_point(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
  char32_t value = static_cast<unsigned char>(sequence[0]) & (0x7fU >> sequence.size());
  for (const char c : sequence.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3fU);
  return value;
}

// Control characters (C0, DEL, C1), separators of lines, marks that turn the direction (Unicode UAX 9), what takes no
// room (so that two names look alike), and what no text contains.
bool controls(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return first <= c && c <= last; };
  return c < 0x20 || within(0x7f, 0x9f) || c == 0xad || c == 0x61c || within(0x200b, 0x200f) ||
         within(0x2028, 0x202e) || within(0x2060, 0x206f) || c == 0xfeff || within(0xfff9, 0xfffb) ||
         within(0xfffe, 0xffff);
}

template <typename Escape>
std::string with_escapes(std::string_view text, std::string_view kept, const Escape& escape) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && (!controls(code_point(piece)) || kept.contains(piece[0])))
      result += piece;
    else
      result += escape(piece, length == 0);
    text.remove_prefix(piece.size());
  }
  return result;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, Keep keep) {
  return with_escapes(text, keep == Keep::lines ? "\t\n" : "\t", [](std::string_view piece, bool /*broken*/) {
    if (piece.size() == 1) return std::format("\\x{:02x}", static_cast<unsigned char>(piece[0]));
    return std::format("\\u{:04x}", static_cast<std::uint32_t>(code_point(piece)));
  });
}

std::string printable_json(std::string_view text) {
  return with_escapes(text, "\t\n\r", [](std::string_view piece, bool broken) {
    return std::format("\\u{:04x}", broken ? 0xfffdU : static_cast<std::uint32_t>(code_point(piece)));
  });
}

namespace {

// Matches the class that starts after '[' at pattern[at]; moves `at` behind ']'. An unterminated class matches nothing.
bool match_class(std::string_view pattern, std::size_t& at, char c) {
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool matched = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
    const char low = pattern[at];
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      matched = matched || (low <= c && c <= pattern[at + 2]);
      at += 3;
    } else {
      matched = matched || low == c;
      ++at;
    }
  }
  if (at >= pattern.size()) return false;
  ++at;
  return matched != negated && c != '/';
}

// Matches one character with what stands at pattern[at], which is no star; moves `at` behind it when it matches.
bool match_one(std::string_view pattern, std::size_t& at, char c) {
  if (pattern[at] == '?') {
    ++at;
    return c != '/';
  }
  if (pattern[at] == '[') return match_class(pattern, ++at, c);
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at++] == c;
}

bool is_deep(std::string_view pattern, std::size_t at) { return at + 1 < pattern.size() && pattern[at + 1] == '*'; }

// All positions in a pattern at which a match may stand after some characters of the path, each once. So a path is read
// once, and no pattern makes it take more than (pattern x path) steps.
class Positions {
 public:
  explicit Positions(std::size_t pattern_size) : seen_(pattern_size + 1) {}

  // A star also matches nothing, so the position behind it comes with it.
  void add(std::string_view pattern, std::size_t at) {
    while (seen_[at] == 0) {
      seen_[at] = 1;
      all_.push_back(at);
      if (at == pattern.size() || pattern[at] != '*') return;
      at += is_deep(pattern, at) ? 2 : 1;
    }
  }
  void clear() {
    for (const std::size_t at : all_) seen_[at] = 0;
    all_.clear();
  }
  const std::vector<std::size_t>& all() const { return all_; }
  bool contains(std::size_t at) const { return seen_[at] != 0; }

 private:
  std::vector<std::size_t> all_;
  std::vector<char> seen_;  // a byte each: no shifting in the innermost loop
};

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  // Most patterns begin with a plain folder, and most paths are somewhere else.
  while (!pattern.empty() && !std::string_view("*?[\\").contains(pattern.front())) {
    if (path.empty() || path.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  Positions current(pattern.size());
  Positions next(pattern.size());
  current.add(pattern, 0);
  for (const char c : path) {
    next.clear();
    for (const std::size_t at : current.all()) {
      if (at == pattern.size()) continue;
      std::size_t behind = at;
      if (pattern[at] == '*') {
        if (is_deep(pattern, at) || c != '/') next.add(pattern, at);
      } else if (match_one(pattern, behind, c)) {
        next.add(pattern, behind);
      }
    }
    std::swap(current, next);
    if (current.all().empty()) return false;
  }
  return current.contains(pattern.size());
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 2) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    // When every character had to change, the words have nothing to do with each other.
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

namespace {
constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
}

std::string format_bytes(std::uint64_t bytes) {
  // What would be rounded to "1024.0" is shown in the next unit.
  static constexpr double kNextUnit = 1023.95;
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= (unit == 0 ? 1024 : kNextUnit) && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const bool whole = unit == 0 || (bytes % (std::uint64_t{1} << (10 * unit))) == 0;
  return whole ? std::format("{:.0f} {}", value, kUnits[unit]) : std::format("{:.1f} {}", value, kUnits[unit]);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::string_view kSuffixes = "KMGT";
  std::string_view digits = text;
  unsigned shift = 0;
  if (!digits.empty()) {
    const auto suffix = kSuffixes.find(digits.back());
    if (suffix != std::string_view::npos) {
      shift = 10U * (static_cast<unsigned>(suffix) + 1U);
      digits.remove_suffix(1);
    }
  }
  const auto number = parse_integer<std::uint64_t>(digits);
  if (!number || *number > (~std::uint64_t{0} >> shift)) {
    return fail(ErrorCode::invalid_argument, "'{}' is not a size: write a number with K, M, G or T, for example 512M",
                text);
  }
  return *number << shift;
}

}  // namespace bulkhead
