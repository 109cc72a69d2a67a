#include "lib/base/version.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead {
namespace {

Result<std::uint32_t> parse_part(std::string_view part) {
  if (part.size() > 1 && part.front() == '0') return fail(ErrorCode::invalid_argument, "leading zero in '{}'", part);
  return parse_integer<std::uint32_t>(part);
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  if (is_number(a) && is_number(b)) {
    if (a.size() != b.size()) return a.size() <=> b.size();
  } else if (is_number(a) != is_number(b)) {
    return is_number(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.compare(b) <=> 0;
}

// Semantic Versioning 2.0.0, section 9.
Result<> check_prerelease(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::invalid_argument, "nothing after '-'");
  for (const std::string_view identifier : split(text, '.')) {
    const bool plain = std::ranges::all_of(identifier, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
    if (identifier.empty() || !plain)
      return fail(ErrorCode::invalid_argument, "'{}' is not a pre-release name", identifier);
    if (is_number(identifier) && identifier.size() > 1 && identifier.front() == '0') {
      return fail(ErrorCode::invalid_argument, "leading zero in '{}'", identifier);
    }
  }
  return {};
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  const auto dash = text.find('-');
  const auto parts = split(text.substr(0, dash), '.');
  if (parts.size() != 3) return fail(ErrorCode::invalid_argument, "'{}' is not a version (MAJOR.MINOR.PATCH)", text);
  Version version;
  version.major_ = TRY_CTX(parse_part(parts[0]), "version '{}'", text);
  version.minor_ = TRY_CTX(parse_part(parts[1]), "version '{}'", text);
  version.patch_ = TRY_CTX(parse_part(parts[2]), "version '{}'", text);
  if (dash != std::string_view::npos) {
    version.prerelease_ = text.substr(dash + 1);
    TRY_CTX(check_prerelease(version.prerelease_), "version '{}'", text);
  }
  return version;
}

std::string Version::to_string() const {
  std::string text = std::format("{}.{}.{}", major_, minor_, patch_);
  if (!prerelease_.empty()) text += "-" + prerelease_;
  return text;
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = major_ <=> other.major_; order != 0) return order;
  if (const auto order = minor_ <=> other.minor_; order != 0) return order;
  if (const auto order = patch_ <=> other.patch_; order != 0) return order;
  if (prerelease_.empty() || other.prerelease_.empty()) return other.prerelease_.size() <=> prerelease_.size();
  const auto left = split(prerelease_, '.');
  const auto right = split(other.prerelease_, '.');
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (const auto order = compare_identifiers(left[i], right[i]); order != 0) return order;
  }
  return left.size() <=> right.size();
}

}  // namespace bulkhead
