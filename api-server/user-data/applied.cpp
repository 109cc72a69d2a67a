#include "api-server/user-data/applied.hpp"

#include <algorithm>

#include "lib/codec/json.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/user_data/documents.hpp"

namespace bulkhead::intake {
namespace {

using settings::Json;

constexpr int kFormat = 1;
constexpr std::int64_t kLatest = 253'402'300'799'999;  // the end of the year 9999
constexpr std::uint64_t kLargestFile = std::uint64_t{64} << 10U;

bool has_changed(const AppliedDocument* before, const Document& document) {
  return before == nullptr || before->sha256 != crypto::sha256(document.content).to_string();
}

const AppliedDocument* find(const AppliedRecord& applied, const std::string& source) {
  const auto found = applied.documents.find(source);
  return found == applied.documents.end() ? nullptr : &found->second;
}

// Without the setting: whether the document is to be applied.
bool counts(const AppliedRecord& applied, const Document& document) {
  const AppliedDocument* before = find(applied, document.source);
  if (before == nullptr) return document.source == "imds" && !applied.incomplete;
  return before->refused && has_changed(before, document);
}

// `before` is of the same source. Without an identity, any disk may be any other.
bool may_be_other_disk(const AppliedDocument& before, const Document& document) {
  return user_data::is_from_disk(document.source) && (before.disk.empty() || before.disk != document.disk);
}

std::optional<AppliedRecord> from_json(const Json& json) {
  if (!json.is_object() || json.value("format", Json()) != kFormat || !json.contains("documents")) return std::nullopt;
  const Json& documents = json["documents"];
  if (!documents.is_object()) return std::nullopt;
  AppliedRecord applied{.incomplete = json.value("incomplete", Json()) == true};
  for (const auto& [source, entry] : documents.items()) {
    const auto is = [&](const char* name, auto kind) { return entry.contains(name) && (entry[name].*kind)(); };
    if (!entry.is_object() || !is("sha256", &Json::is_string) || !is("refused", &Json::is_boolean) ||
        !is("time", &Json::is_number_integer))
      return std::nullopt;
    // Written since documents are bound to disks; a record without it is good.
    if (entry.contains("disk") && !entry["disk"].is_string()) return std::nullopt;
    if (entry["time"] < 0 || entry["time"] > kLatest) return std::nullopt;
    applied.documents[source] = {.sha256 = entry["sha256"].get<std::string>(),
                                 .refused = entry["refused"].get<bool>(),
                                 .time = Time(std::chrono::milliseconds(entry["time"].get<std::int64_t>())),
                                 .disk = entry.value("disk", "")};
  }
  return applied;
}

}  // namespace

bool is_new(const AppliedRecord& applied, const std::string& source) {
  return source != "imds" && find(applied, source) == nullptr;
}

std::optional<std::string> why_ignored(const AppliedRecord& applied, const Document& document) {
  if (is_new(applied, document.source)) return "this source was not there on the first boot";
  const AppliedDocument* before = find(applied, document.source);
  if (before == nullptr || !has_changed(before, document) || !may_be_other_disk(*before, document)) return std::nullopt;
  if (document.disk.empty()) return "its disk cannot be told from others, because its file system has no UUID";
  if (before->disk.empty()) return "it has changed, and it is not known which disk this source was on before";
  return "it has changed, and is on another disk than before";
}

bool can_be_accepted(const AppliedRecord& applied, const Document& document) {
  const AppliedDocument* before = find(applied, document.source);
  return is_new(applied, document.source) || (before != nullptr && may_be_other_disk(*before, document));
}

std::vector<Document> to_apply(const std::optional<AppliedRecord>& applied, std::span<const Document> documents,
                               bool reapply, std::string_view accepted) {
  std::vector<Document> all(documents.begin(), documents.end());
  if (!applied) return all;
  std::erase_if(
      all, [&](const Document& document) { return document.source != accepted && why_ignored(*applied, document); });
  const auto changed = [&](const Document& document) { return has_changed(find(*applied, document.source), document); };
  if (reapply && std::ranges::any_of(all, changed)) return all;
  const auto first = std::ranges::find_if(
      all, [&](const Document& document) { return document.source == accepted || counts(*applied, document); });
  return {first, all.end()};
}

bool must_apply(const std::optional<AppliedRecord>& applied, std::span<const Document> documents, bool reapply) {
  return !applied || !to_apply(applied, documents, reapply).empty();
}

std::vector<SourceOutcome> still_refused(const std::optional<AppliedRecord>& applied,
                                         std::span<const Document> documents, std::span<const Document> applied_now) {
  std::vector<SourceOutcome> outcomes;
  if (!applied) return outcomes;
  for (const Document& document : documents) {
    const AppliedDocument* before = find(*applied, document.source);
    const bool again = std::ranges::contains(applied_now, document.source, &Document::source);
    if (before == nullptr || !before->refused || again || has_changed(before, document)) continue;
    const auto values = decode(document);
    outcomes.push_back({.source = document.source,
                        .sha256 = before->sha256,
                        .refused = values ? std::format("{}: it was refused at an earlier boot", document.source)
                                          : values.error().describe()});
  }
  return outcomes;
}

AppliedRecord after(std::optional<AppliedRecord> applied, std::span<const SourceOutcome> outcomes, Time now) {
  AppliedRecord result = std::move(applied).value_or(AppliedRecord{});
  for (const SourceOutcome& outcome : outcomes) {
    if (outcome.sha256.empty()) continue;
    const AppliedDocument* before = find(result, outcome.source);
    const std::string disk = before == nullptr || outcome.accepted ? outcome.disk : before->disk;
    result.documents[outcome.source] = {
        .sha256 = outcome.sha256, .refused = outcome.refused.has_value(), .time = now, .disk = disk};
  }
  return result;
}

AppliedRecord completed(AppliedRecord applied, std::span<const Document> documents, Time now) {
  if (!applied.incomplete) return applied;
  for (const Document& document : documents) {
    const AppliedDocument entry{
        .sha256 = crypto::sha256(document.content).to_string(), .refused = !decode(document).has_value(), .time = now};
    applied.documents.emplace(document.source, entry);
  }
  return applied;
}

Result<std::optional<AppliedRecord>> load_applied(const sys::Path& file) {
  const auto text = sys::read_file(file, kLargestFile);
  if (!text && text.error().code == ErrorCode::not_found) return std::nullopt;
  if (!text) return fail(text.error());
  auto applied = from_json(codec::parse_json(*text).value_or(Json()));
  if (!applied)
    return fail(ErrorCode::data_loss, "{} is damaged: it does not say which user data was applied", file.native());
  return applied;
}

Result<> store_applied(const sys::Path& file, const AppliedRecord& applied) {
  Json documents = Json::object();
  for (const auto& [source, document] : applied.documents) {
    documents[source] = {
        {"sha256", document.sha256}, {"refused", document.refused}, {"time", document.time.time_since_epoch().count()}};
    if (!document.disk.empty()) documents[source]["disk"] = document.disk;
  }
  Json json = {{"format", kFormat}, {"documents", std::move(documents)}};
  if (applied.incomplete) json["incomplete"] = true;
  return sys::write_file_atomically(file, json.dump(1) + '\n', 0600);
}

}  // namespace bulkhead::intake
