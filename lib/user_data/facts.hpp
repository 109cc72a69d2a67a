// What the cloud says about the node: /run/bulkhead-imds/facts.json, written by `bulkhead-user-data imds`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::user_data {

inline constexpr std::string_view kFactsFile = "/run/bulkhead-imds/facts.json";

struct CloudFacts {
  std::optional<std::string> region{};
  std::optional<std::string> hostname{};
  std::optional<std::string> instance_id{};
  std::optional<std::string> node_address{};

  bool operator==(const CloudFacts&) const = default;
};

std::string to_text(const CloudFacts& facts);  // a JSON object
// Unknown members are ignored. Errors: invalid_argument.
Result<CloudFacts> parse_facts(std::string_view text);

}  // namespace bulkhead::user_data
