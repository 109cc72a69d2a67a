#include "api-server/configuration/configuration.hpp"

namespace bulkhead::configuration {
namespace {

Json shown(const Key& key, const Json& value) { return settings::redacted(key, value, settings::Settings::shape()); }

std::string long_name(const Key& key) { return "settings." + key.to_string(); }

}  // namespace

Json json_of(const datastore::Change& change, const settings::Flat& before) {
  const auto old = before.find(change.key);
  return {{"key", long_name(change.key)},
          {"from", old == before.end() ? Json() : shown(change.key, old->second)},
          {"to", change.value ? shown(change.key, *change.value) : Json()}};
}

Json json_of(const apply::ApplyPlan& plan) {
  Json files = Json::array();
  for (const apply::FileChange& change : plan.files)
    files.push_back({{"path", change.file.path.native()}, {"change", apply::to_string(change.kind)}});
  Json services = Json::array();
  for (const apply::Notification& step : plan.notifications) {
    Json service = {{"service", step.service}, {"action", render::to_string(step.action)}};
    if (!step.unit.empty()) service["unit"] = step.unit;
    if (!step.result.empty()) service["result"] = step.result;
    services.push_back(std::move(service));
  }
  return {{"files", std::move(files)}, {"services", std::move(services)}, {"reboot_required", plan.reboot_required}};
}

Json json_of(const TransactionPlan& plan, const settings::Flat& before) {
  Json json = json_of(plan.apply);
  json["transaction"] = plan.transaction;
  json["changes"] = Json::array();
  for (const datastore::Change& change : plan.changes) json["changes"].push_back(json_of(change, before));
  return json;
}

Json json_of(const ChangeOutcome& outcome) {
  Json json = json_of(outcome.applied);
  json["commit"] = outcome.commit;
  json["keys"] = keys_of(outcome.changes);
  return json;
}

Json json_of(const Try& current, std::chrono::steady_clock::time_point now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(current.deadline - now).count();
  return {{"transaction", current.transaction},
          {"author", current.caller.name},
          {"seconds_left", std::max<std::int64_t>(left, 0)},
          {"keys", keys_of(current.changes)}};
}

Json json_of(const datastore::Commit& commit) {
  return {{"commit", commit.id},
          {"time", std::format("{:%FT%TZ}", commit.time)},
          {"author", commit.author},
          {"transaction", commit.transaction},
          {"keys", keys_of(commit.changes)}};
}

Json keys_of(const std::vector<datastore::Change>& changes) {
  Json keys = Json::array();
  for (const datastore::Change& change : changes) keys.push_back(long_name(change.key));
  return keys;
}

}  // namespace bulkhead::configuration
