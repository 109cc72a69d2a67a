// The settings of a node: live settings, pending transactions, and the history of commits.
//
// Live settings are keys and values (settings::Flat). A transaction collects changes in memory; a restart drops it.
// commit() makes all of its changes live in one durable write, or none. The last kHistory commits stay readable and can
// be restored.
//
// Values are stored unchecked: the caller checks them first (settings/model.hpp). One thread at a time.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api-server/datastore/commit.hpp"
#include "api-server/datastore/storage.hpp"

namespace bulkhead::datastore {

inline constexpr std::size_t kHistory = 50;
inline constexpr std::size_t kMostTransactions = 4096;
// Bytes, as keys and JSON: whoever may change some setting must not be able to fill STATE or the memory.
inline constexpr std::uint64_t kLargestTransaction = std::uint64_t{4} << 20U;
inline constexpr std::uint64_t kLargestPending = std::uint64_t{32} << 20U;  // all open transactions
inline constexpr std::uint64_t kLargestSettings = std::uint64_t{4} << 20U;  // the live ones
inline constexpr std::uint64_t kLargestHistory = std::uint64_t{8} << 20U;   // older commits are given up for it
inline constexpr std::size_t kLongestName = 64;                             // of a transaction

using Clock = std::function<std::chrono::sys_time<std::chrono::milliseconds>()>;

class Datastore {
 public:
  // Reads what is stored. An incomplete last record was never confirmed to a client and is cut off. Errors: data_loss
  // for damage anywhere else, failed_precondition for another format and for more than kLargestSettings, which commit()
  // never writes.
  static Result<Datastore> open(std::unique_ptr<Storage> storage, Clock clock);

  const settings::Flat& live() const { return live_; }
  std::uint64_t last_commit() const { return last_; }
  const std::deque<Commit>& history() const { return history_; }  // oldest first
  // Live settings as they were right after a commit. Errors: not_found when it is no longer kept.
  Result<settings::Flat> after(std::uint64_t commit) const;

  // Adds changes to a transaction; a new name begins one. Errors: invalid_argument for a bad name and for too many
  // bytes, aborted when there are too many transactions.
  Result<> stage(const std::string& transaction, const std::vector<Change>& changes);
  // Errors: not_found.
  Result<std::vector<Change>> pending(const std::string& transaction) const;
  std::vector<std::string> transactions() const;
  // Drops a transaction and returns its changes. Errors: not_found.
  Result<std::vector<Change>> drop(const std::string& transaction);

  // The changes that commit() would make, or the error that it would give before writing.
  Result<std::vector<Change>> prepare(const std::string& transaction) const;

  // Makes a transaction live and ends it. The commit contains only values that differ. Without any, nothing is written,
  // and its id is 0. Errors: not_found; failed_precondition when an earlier write failed and could not be undone;
  // aborted when another transaction changed a key after this one first staged it, with its author. The transaction
  // stays open then, so that its owner can look at it, drop it and try again. On any error, and on a power cut before
  // the return, either all changes are live or none.
  Result<Commit> commit(const std::string& transaction, const std::string& author);

 private:
  struct Pending {
    std::map<settings::Key, std::optional<settings::Json>> changes;
    std::map<settings::Key, std::uint64_t> seen;  // the last commit when a key was first staged
    std::uint64_t bytes = 0;
  };

  Datastore(std::unique_ptr<Storage> storage, Clock clock) : storage_(std::move(storage)), clock_(std::move(clock)) {}

  Result<> load();
  Result<> write(const Commit& commit);
  Result<> check_conflicts(const std::string& name, const Pending& transaction) const;
  void take_in(Commit commit);
  void give_up_oldest();

  std::unique_ptr<Storage> storage_;
  Clock clock_;
  Base base_;                   // the settings before history_
  std::deque<Commit> history_;  // at most kHistory
  settings::Flat live_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t last_ = 0;
  std::size_t records_ = 0;  // lines in the storage behind the base
  std::uint64_t size_ = 0;   // valid bytes in the storage
  bool stuck_ = false;       // a failed write could not be undone: nothing may be written after it
  std::map<std::string, Pending> pending_;

  // Who last changed a key, for keys that changed while transactions were open.
  struct LastChange {
    std::uint64_t commit = 0;
    std::string transaction;
    std::string author;
  };
  std::map<settings::Key, LastChange> changed_;
};

}  // namespace bulkhead::datastore
