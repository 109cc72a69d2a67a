#include "api-server/datastore/datastore.hpp"

#include <algorithm>

namespace bulkhead::datastore {
namespace {

using settings::Flat;

// The file is rewritten when half of its records are no longer needed.
constexpr std::size_t kMostRecords = 2 * kHistory;

Result<> check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (!name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, allowed)) return {};
  return fail(ErrorCode::invalid_argument,
              "'{}' is not a name for a transaction (1 to {} letters, digits, '-', '_' and '.')",
              name.substr(0, kLongestName), kLongestName);
}

std::uint64_t bytes_of(const settings::Key& key, const settings::Json& value) {
  return key.to_string().size() + value.dump(-1, ' ', false, settings::Json::error_handler_t::replace).size();
}

std::uint64_t bytes_of(const Flat& values) {
  std::uint64_t bytes = 0;
  for (const auto& [key, value] : values) bytes += bytes_of(key, value);
  return bytes;
}

std::uint64_t bytes_of(const std::vector<Change>& changes) {
  std::uint64_t bytes = 0;
  for (const Change& change : changes) bytes += bytes_of(change.key, change.value.value_or(settings::Json()));
  return bytes;
}

// What the changes add to values; may be negative.
std::int64_t growth(const std::vector<Change>& changes, const Flat& values) {
  std::int64_t bytes = 0;
  for (const Change& change : changes) {
    if (const auto old = values.find(change.key); old != values.end())
      bytes -= static_cast<std::int64_t>(bytes_of(old->first, old->second));
    if (change.value) bytes += static_cast<std::int64_t>(bytes_of(change.key, *change.value));
  }
  return bytes;
}

Error no_transaction(const std::string& name) {
  return error(ErrorCode::not_found, "there is no transaction '{}'", name);
}

std::vector<Change> listed(const std::map<settings::Key, std::optional<settings::Json>>& changes) {
  std::vector<Change> result;
  for (const auto& [key, value] : changes) result.push_back({.key = key, .value = value});
  return result;
}

}  // namespace

Result<Datastore> Datastore::open(std::unique_ptr<Storage> storage, Clock clock) {
  Datastore datastore(std::move(storage), std::move(clock));
  TRY_CTX(datastore.load(), "opening the datastore");
  if (datastore.live_bytes_ > kLargestSettings)
    return fail(ErrorCode::failed_precondition, "the stored settings have {} bytes; at most {} are allowed",
                datastore.live_bytes_, kLargestSettings);
  return datastore;
}

Result<> Datastore::load() {
  const std::string content = TRY(storage_->read());
  std::size_t offset = 0;
  std::size_t number = 0;
  while (offset < content.size()) {
    const std::size_t end = content.find('\n', offset);
    const std::string_view line = std::string_view(content).substr(offset, end - offset);
    const bool last = end == std::string::npos || end + 1 == content.size();
    Result<> taken;
    if (end == std::string::npos) {
      taken = fail(ErrorCode::data_loss, "the last record is incomplete");
    } else if (number == 0) {
      auto base = parse_base(line);
      if (base)
        base_ = *std::move(base);
      else
        taken = fail(std::move(base).error());
    } else {
      auto commit = parse_commit(line);
      if (commit && commit->id != last_ + 1)
        taken = fail(ErrorCode::data_loss, "commit {} follows commit {}", commit->id, last_);
      else if (commit)
        take_in(*std::move(commit));
      else
        taken = fail(std::move(commit).error());
    }
    if (!taken) {
      // A write that a power cut interrupted: it was never confirmed to a client.
      const bool torn = last && taken.error().code == ErrorCode::data_loss && number > 0;
      if (!torn) return taken;
      size_ = offset;
      return storage_->truncate(offset);
    }
    if (number == 0) {
      live_ = base_.values;
      live_bytes_ = bytes_of(live_);
      last_ = base_.id;
    } else {
      ++records_;
    }
    ++number;
    offset = end + 1;
  }
  size_ = content.size();
  if (number > 0) return {};
  const std::string line = to_line(base_);
  size_ = line.size();
  return storage_->replace(line);
}

void Datastore::take_in(Commit commit) {
  live_bytes_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(live_bytes_) + growth(commit.changes, live_));
  apply(commit.changes, live_);
  last_ = commit.id;
  history_.push_back(std::move(commit));
  if (history_.size() > kHistory) give_up_oldest();
}

void Datastore::give_up_oldest() {
  apply(history_.front().changes, base_.values);
  base_.id = history_.front().id;
  history_.pop_front();
}

Result<Flat> Datastore::after(std::uint64_t commit) const {
  if (commit < base_.id || commit > last_)
    return fail(
        error(ErrorCode::not_found, "commit {} is not in the history, which has {} to {}", commit, base_.id, last_)
            .with_hint("list the commits: apiclient history"));
  Flat values = base_.values;
  for (const Commit& step : history_) {
    if (step.id <= commit) apply(step.changes, values);
  }
  return values;
}

Result<> Datastore::stage(const std::string& transaction, const std::vector<Change>& changes) {
  TRY(check_name(transaction));
  if (!pending_.contains(transaction) && pending_.size() >= kMostTransactions)
    return fail(ErrorCode::aborted, "{} transactions are open, which is the limit: commit or drop some",
                pending_.size());
  const std::uint64_t more = bytes_of(changes);
  std::uint64_t all = more;
  for (const auto& [name, other] : pending_) all += other.bytes;
  const auto mine = pending_.find(transaction);
  if (more + (mine == pending_.end() ? 0 : mine->second.bytes) > kLargestTransaction)
    return fail(ErrorCode::invalid_argument, "a transaction cannot have more than {} bytes of changes",
                kLargestTransaction);
  if (all > kLargestPending)
    return fail(ErrorCode::aborted,
                "open transactions have {} bytes of changes, which is the limit: commit or drop some", kLargestPending);
  Pending& open = pending_[transaction];
  open.bytes += more;
  for (const Change& change : changes) {
    open.changes[change.key] = change.value;
    open.seen.try_emplace(change.key, last_);
  }
  return {};
}

Result<std::vector<Change>> Datastore::pending(const std::string& transaction) const {
  const auto found = pending_.find(transaction);
  if (found == pending_.end()) return fail(no_transaction(transaction));
  return listed(found->second.changes);
}

std::vector<std::string> Datastore::transactions() const {
  std::vector<std::string> names;
  for (const auto& [name, transaction] : pending_) names.push_back(name);
  return names;
}

Result<std::vector<Change>> Datastore::drop(const std::string& transaction) {
  auto changes = TRY(pending(transaction));
  pending_.erase(transaction);
  if (pending_.empty()) changed_.clear();
  return changes;
}

Result<> Datastore::check_conflicts(const std::string& name, const Pending& transaction) const {
  for (const auto& [key, seen] : transaction.seen) {
    const auto last = changed_.find(key);
    if (last == changed_.end() || last->second.commit <= seen) continue;
    return fail(ErrorCode::aborted,
                "transaction '{}' conflicts at {}: transaction '{}' of {} changed it meanwhile (commit {})", name,
                key.to_string(), last->second.transaction, last->second.author, last->second.commit);
  }
  return {};
}

Result<std::vector<Change>> Datastore::prepare(const std::string& transaction) const {
  const auto found = pending_.find(transaction);
  if (found == pending_.end()) return fail(no_transaction(transaction));
  TRY(check_conflicts(transaction, found->second));
  Flat next = live_;
  apply(listed(found->second.changes), next);
  return difference(live_, next);
}

Result<Commit> Datastore::commit(const std::string& transaction, const std::string& author) {
  std::vector<Change> changes = TRY(prepare(transaction));
  const std::int64_t bytes = static_cast<std::int64_t>(live_bytes_) + growth(changes, live_);
  if (bytes > static_cast<std::int64_t>(kLargestSettings))
    return fail(ErrorCode::invalid_argument, "the settings would have {} bytes; at most {} are allowed", bytes,
                kLargestSettings);
  Commit commit{
      .id = last_ + 1, .time = clock_(), .author = author, .transaction = transaction, .changes = std::move(changes)};
  if (commit.changes.empty()) {
    commit.id = 0;
  } else {
    TRY_CTX(write(commit), "storing transaction '{}'", transaction);
    take_in(commit);
    for (const Change& change : commit.changes)
      changed_[change.key] = {.commit = commit.id, .transaction = transaction, .author = author};
  }
  pending_.erase(transaction);
  if (pending_.empty()) changed_.clear();
  return commit;
}

Result<> Datastore::write(const Commit& commit) {
  if (stuck_)
    return fail(error(ErrorCode::failed_precondition, "an earlier write failed and could not be undone")
                    .with_hint("see why: apiclient logs -u apiserver; then restart the node"));
  const std::string line = to_line(commit);
  if (records_ >= kMostRecords || size_ + line.size() > kLargestSettings + kLargestHistory) {
    std::string content;
    for (const Commit& kept : history_) content += to_line(kept);
    while (!history_.empty() && content.size() + line.size() > kLargestHistory / 2) {
      content.erase(0, to_line(history_.front()).size());
      give_up_oldest();
    }
    content.insert(0, to_line(base_));
    content += line;
    TRY(storage_->replace(content));
    records_ = history_.size() + 1;
    size_ = content.size();
    return {};
  }
  if (auto done = storage_->append(line); !done) {
    // Whatever part of it was written must not stay before the next commit.
    stuck_ = !storage_->truncate(size_);
    return done;
  }
  ++records_;
  size_ += line.size();
  return {};
}

}  // namespace bulkhead::datastore
