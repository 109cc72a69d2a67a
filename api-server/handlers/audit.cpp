#include "api-server/handlers/audit.hpp"

#include "api-server/journal/journal.hpp"

namespace bulkhead::handlers {
namespace {

using nlohmann::json;

json to_json(const AuditRecord& record, std::chrono::sys_time<std::chrono::microseconds> time) {
  json result = {{"time", std::format("{:%FT%TZ}", time)},
                 {"author", record.author},
                 {"action", record.action},
                 {"result", record.result}};
  if (!record.transaction.empty()) result["transaction"] = record.transaction;
  if (!record.keys.empty()) result["keys"] = record.keys;
  if (!record.message.empty()) result["message"] = record.message;
  return result;
}

void shorten(std::string& field) {
  if (field.size() <= Audit::kLongestField) return;
  std::size_t end = Audit::kLongestField;
  while (end > 0 && (static_cast<unsigned char>(field[end]) & 0xc0U) == 0x80) --end;  // not within a character
  field.resize(end);
  field += "…";
}

json record_of(const journal::Message& message) {
  AuditRecord record;
  for (const auto& [name, value] : message.fields) {
    if (name == "BULKHEAD_AUTHOR") record.author = value;
    if (name == "BULKHEAD_ACTION") record.action = value;
    if (name == "BULKHEAD_RESULT") record.result = value;
    if (name == "BULKHEAD_TX") record.transaction = value;
    if (name == "BULKHEAD_KEYS") record.keys = value;
    if (name == "BULKHEAD_REASON") record.message = value;
  }
  return to_json(record, message.time);
}

}  // namespace

void Audit::write(AuditRecord record) {
  settle();
  for (std::string* field : {&record.author, &record.action, &record.transaction, &record.keys, &record.message})
    shorten(*field);
  if (record.always || has_room(record)) keep(record);
}

bool Audit::has_room(const AuditRecord& record) {
  std::string identity = record.identity.empty() ? record.author : record.identity;
  if (counted_.size() >= kMostIdentities && !counted_.contains(identity)) identity = "others";
  auto& kinds = counted_[identity];
  const bool changes = !record.keys.empty();
  std::string kind =
      changes ? "changes" : record.action + '\n' + record.result + '\n' + record.transaction + '\n' + record.message;
  const std::size_t most = identity.empty() ? kMostKindsOfUnknown : kMostKinds;
  if (kinds.size() >= most && !kinds.contains(kind)) kind = "others";
  const auto [found, first] = kinds.try_emplace(std::move(kind), Repeated{.since = clock_(), .first = record});
  Repeated& repeated = found->second;
  if (first) return true;
  if (changes && repeated.written < kMostChanges) {
    ++repeated.written;
    return true;
  }
  ++repeated.more;
  return false;
}

void Audit::settle() {
  const auto now = clock_();
  const auto is_over = [&](const auto& entry) {
    const Repeated& repeated = entry.second;
    if (now - repeated.since < kWindow) return false;
    if (repeated.more == 0) return true;
    AuditRecord summary = repeated.first;
    summary.message = summary.keys.empty()
                          ? std::format("{} more like this within a minute", repeated.more)
                          : std::format("{} more changes within a minute; the history has them", repeated.more);
    summary.keys.clear();
    keep(summary);
    return true;
  };
  for (auto& [identity, kinds] : counted_) std::erase_if(kinds, is_over);
  std::erase_if(counted_, [](const auto& entry) { return entry.second.empty(); });
}

void Audit::keep(const AuditRecord& record) {
  const bool bad = record.result == "refused" || record.result == "failed";
  log_.write({.priority = bad ? log::Priority::warning : log::Priority::notice,
              .message = std::format("{}: {} {}{}{}", record.author.empty() ? "somebody" : record.author, record.action,
                                     record.result, record.keys.empty() ? "" : ": " + record.keys,
                                     record.message.empty() ? "" : ": " + record.message),
              .message_id = log::kAudit.id,
              .fields = {{"BULKHEAD_AUTHOR", record.author},
                         {"BULKHEAD_ACTION", record.action},
                         {"BULKHEAD_RESULT", record.result},
                         {"BULKHEAD_TX", record.transaction},
                         {"BULKHEAD_KEYS", record.keys},
                         {"BULKHEAD_REASON", record.message}}});
  kept_.push_front({.time = clock_(), .record = to_json(record, clock_())});
  if (kept_.size() > kKept) kept_.pop_back();
}

json Audit::newest(std::size_t limit) const {
  json records = json::array();
  for (const Kept& kept : kept_) {
    if (records.size() >= limit) return records;
    records.push_back(kept.record);
  }
  auto older = journal::Journal::open({.name_space = kNamespace,
                                       .message_id = std::string(log::kAudit.id),
                                       .written_by = kWriter,
                                       .until = kept_.size() < kKept ? began_ : kept_.back().time,
                                       .limit = limit});
  // Without a journal, only the records of this process.
  const auto messages = older ? older->read() : Result<std::vector<journal::Message>>();
  if (!messages) return records;
  for (auto message = messages->rbegin(); message != messages->rend() && records.size() < limit; ++message)
    records.push_back(record_of(*message));
  return records;
}

}  // namespace bulkhead::handlers
