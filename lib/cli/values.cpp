#include "lib/cli/values.hpp"

#include <algorithm>
#include <format>
#include <utility>

#include "lib/base/text.hpp"

namespace bulkhead::cli {
namespace {

// "man, bash or zsh"
std::string alternatives(const std::vector<std::string>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + values[i];
  return text;
}

std::string refusal(const std::string& value, const std::string& allowed) {
  return std::format("'{}' is not a valid value: use {}", value, allowed);
}

}  // namespace

CLI::Validator one_of(std::vector<std::string> values) {
  std::string listed;  // as reference_of() reads it
  for (const std::string& value : values) listed += (listed.empty() ? "{" : ",") + value;
  listed += '}';
  return {[values = std::move(values)](const std::string& value) {
            return std::ranges::contains(values, value) ? std::string() : refusal(value, alternatives(values));
          },
          listed};
}

CLI::Validator whole_number(std::uint32_t smallest, std::uint32_t largest) {
  const std::string allowed = largest == std::numeric_limits<std::uint32_t>::max()
                                  ? std::format("a whole number, {} or more", smallest)
                                  : std::format("a whole number from {} to {}", smallest, largest);
  return {[smallest, largest, allowed](const std::string& value) {
            const auto number = parse_integer<std::uint32_t>(value);
            if (number && *number >= smallest && *number <= largest) return std::string();
            const bool too_large =
                !number && !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
            return refusal(value, too_large ? std::format("a number up to {}", largest) : allowed);
          },
          ""};
}

}  // namespace bulkhead::cli
