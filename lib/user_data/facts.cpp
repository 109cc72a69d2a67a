#include "lib/user_data/facts.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

#include "lib/codec/json.hpp"

namespace bulkhead::user_data {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestFact = 1024;
constexpr std::array kMembers = {
    std::pair{"region", &CloudFacts::region},
    std::pair{"hostname", &CloudFacts::hostname},
    std::pair{"instance_id", &CloudFacts::instance_id},
    std::pair{"node_address", &CloudFacts::node_address},
};

}  // namespace

std::string to_text(const CloudFacts& facts) {
  Json json = Json::object();
  for (const auto& [name, member] : kMembers) {
    if (const auto& value = facts.*member) json[name] = *value;
  }
  return json.dump(1, ' ', true, Json::error_handler_t::replace) + '\n';
}

Result<CloudFacts> parse_facts(std::string_view text) {
  const Json json = codec::parse_json(text).value_or(Json());
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "the facts of the cloud are not a JSON object");
  CloudFacts facts;
  for (const auto& [name, member] : kMembers) {
    const auto found = json.find(name);
    if (found == json.end()) continue;
    if (!found->is_string() || found->get_ref<const std::string&>().size() > kLongestFact)
      return fail(ErrorCode::invalid_argument, "the fact '{}' is not a short text", name);
    facts.*member = found->get<std::string>();
  }
  return facts;
}

}  // namespace bulkhead::user_data
