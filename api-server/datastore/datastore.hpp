// The settings of a node: what is live, what transactions have pending, and how it came about.
//
// Live settings are keys and values (settings::Flat). A transaction collects changes in memory, and is gone after a
// restart. commit() makes all of its changes live, in one durable write, or none. The last kHistory commits stay
// readable and can be gone back to.
//
// Values are stored as they are given: who calls checks them first (settings/model.hpp). Not for several threads.
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
inline constexpr std::size_t kLongestName = 64;  // of a transaction

using Clock = std::function<std::chrono::sys_time<std::chrono::milliseconds>()>;

class Datastore {
 public:
  // Reads what is stored. A last record that is not whole was never answered for and is cut off. Errors: data_loss for
  // damage anywhere else, failed_precondition for another format.
  static Result<Datastore> open(std::unique_ptr<Storage> storage, Clock clock);

  const settings::Flat& live() const { return live_; }
  std::uint64_t last_commit() const { return last_; }
  const std::deque<Commit>& history() const { return history_; }  // oldest first
  // Live settings as they were right after a commit. Errors: not_found when it is not kept any more.
  Result<settings::Flat> after(std::uint64_t commit) const;

  // Adds changes to a transaction, which is begun when it is new. Errors: invalid_argument for a bad name, aborted when
  // there are too many transactions.
  Result<> stage(const std::string& transaction, const std::vector<Change>& changes);
  // Errors: not_found.
  Result<std::vector<Change>> pending(const std::string& transaction) const;
  std::vector<std::string> transactions() const;
  // Forgets a transaction; what it had pending. Errors: not_found.
  Result<std::vector<Change>> drop(const std::string& transaction);

  // What commit() would really change, and all errors that it would have without writing.
  Result<std::vector<Change>> prepare(const std::string& transaction) const;

  // Makes a transaction live and ends it. The commit has only what really changes; without any such change nothing is
  // written, and its id is 0.
  // Errors: not_found; failed_precondition when an earlier commit failed and could not be taken back; aborted when a
  // key was changed by somebody else after the transaction touched it first, with who that was: the transaction stays,
  // so that its owner can look, drop it and try again. On any error, and on a power cut before the return, either all
  // changes are live or none.
  Result<Commit> commit(const std::string& transaction, const std::string& author);

 private:
  struct Pending {
    std::map<settings::Key, std::optional<settings::Json>> changes;
    std::map<settings::Key, std::uint64_t> seen;  // the last commit when a key was touched first
  };

  Datastore(std::unique_ptr<Storage> storage, Clock clock) : storage_(std::move(storage)), clock_(std::move(clock)) {}

  Result<> load();
  Result<> write(const Commit& commit);
  Result<> check_conflicts(const std::string& name, const Pending& transaction) const;
  void take_in(Commit commit);

  std::unique_ptr<Storage> storage_;
  Clock clock_;
  Base base_;                   // what is before history_
  std::deque<Commit> history_;  // at most kHistory
  settings::Flat live_;
  std::uint64_t last_ = 0;
  std::size_t records_ = 0;  // lines in the storage behind the base
  std::uint64_t size_ = 0;   // bytes in the storage that are good
  bool stuck_ = false;       // a failed write could not be taken back: nothing may be written behind it
  std::map<std::string, Pending> pending_;

  // Who changed a key last, for the keys that changed since a transaction is open.
  struct LastChange {
    std::uint64_t commit = 0;
    std::string transaction;
    std::string author;
  };
  std::map<settings::Key, LastChange> changed_;
};

}  // namespace bulkhead::datastore
