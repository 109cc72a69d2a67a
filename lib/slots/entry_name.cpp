#include "lib/slots/entry_name.hpp"

#include "lib/base/text.hpp"
#include "lib/gpt/slot_layout.hpp"

namespace bulkhead::slots {
namespace {

constexpr std::string_view kSuffix = ".efi";
constexpr std::size_t kLongestName = 255;
constexpr unsigned kMostTries = 9999;

Result<unsigned> parse_counter(std::string_view text) {
  const auto value = TRY(parse_integer<unsigned>(text));
  if (value > kMostTries) return fail(ErrorCode::invalid_argument, "a boot counter of {}", value);
  return value;
}

Result<Tries> parse_tries(std::string_view text) {
  const std::size_t dash = text.find('-');
  Tries tries;
  tries.left = TRY(parse_counter(text.substr(0, dash)));
  if (dash != std::string_view::npos) tries.done = TRY(parse_counter(text.substr(dash + 1)));
  return tries;
}

}  // namespace

Result<EntryName> EntryName::parse(std::string_view text) {
  if (const std::size_t separator = text.find_last_of("\\/"); separator != std::string_view::npos)
    text.remove_prefix(separator + 1);
  if (text.size() > kLongestName || !text.starts_with(gpt::kVersionPrefix) || !text.ends_with(kSuffix)) {
    return fail(ErrorCode::invalid_argument, "'{}' is not the name of a boot entry of ours",
                text.substr(0, kLongestName));
  }
  text.remove_prefix(gpt::kVersionPrefix.size());
  text.remove_suffix(kSuffix.size());
  EntryName name;
  if (const std::size_t plus = text.rfind('+'); plus != std::string_view::npos) {
    name.tries = TRY(parse_tries(text.substr(plus + 1)));
    text = text.substr(0, plus);
  }
  name.version = TRY(Version::parse(text));
  return name;
}

std::string EntryName::esp_path() const { return std::format("{}/{}", kEntryDirectory, file_name()); }

std::string EntryName::file_name() const {
  std::string text = std::format("{}{}", gpt::kVersionPrefix, version.to_string());
  if (tries)
    text += tries->done == 0 ? std::format("+{}", tries->left) : std::format("+{}-{}", tries->left, tries->done);
  return text.append(kSuffix);
}

}  // namespace bulkhead::slots
