// The settings of the node and how they take effect: a transaction is checked, rendered, applied, and only then stored.
// A change that a service did not accept is never stored, and after a power cut the node comes up with the stored
// settings.
//
// The settings in effect are merged from the defaults, the settings that the node generated, the live settings of the
// datastore and, during a try, the tried change, which is only in memory. So a restart of the machine always ends a
// try. Live settings that are refused are left out (stored_settings.hpp).
//
// Everything runs on one thread, except applying, which the executor does elsewhere. One change is in progress at a
// time; others wait for their turn in the order in which they came (turn_queue.hpp).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api-server/apply/applier.hpp"
#include "api-server/configuration/stored_settings.hpp"
#include "api-server/configuration/turn_queue.hpp"
#include "api-server/datastore/datastore.hpp"
#include "lib/settings/settings.hpp"

namespace bulkhead::configuration {

using settings::Json;
using settings::Key;

// Runs `work` on another thread and then `then` on ours. Both are destroyed on ours, even if they are never run.
using Executor = std::function<void(std::function<void()> work, std::move_only_function<void()> then)>;
using SteadyClock = std::function<std::chrono::steady_clock::time_point()>;

// The result of a commit, a try or a revert.
struct ChangeOutcome {
  std::uint64_t commit = 0;  // 0: nothing was stored
  std::vector<datastore::Change> changes;
  apply::ApplyPlan applied;
};

struct TransactionPlan {
  std::string transaction;
  std::vector<datastore::Change> changes;
  apply::ApplyPlan apply;
};

// Who asks. Two connections with the same identity are the same caller.
struct Caller {
  std::string identity;  // "uid 0", "certificate ops-1", "node"
  std::string name;      // the same with what tells connections apart, for the history: "uid 0 (pid 17)"
  Role role = Role::reader;
  // Asked when a change that waited for its turn begins: the role that the caller has by then; nothing: none any more.
  // Not set: the role stays.
  std::function<std::optional<Role>()> role_now{};
};

// The node itself: its transactions have names that nobody else can use.
Caller the_node(std::string name);
inline constexpr std::string_view kReservedNames = "node.";  // the beginning of such a name

struct Try {
  std::string transaction;
  Caller caller;
  std::chrono::steady_clock::time_point deadline;
  std::vector<datastore::Change> changes;
};

// "commit", "apply", "try" with data for the event stream.
using EventSink = std::function<void(std::string_view name, const Json& data)>;

using Done = std::function<void(Result<ChangeOutcome>)>;

struct CommitRequest {
  std::string transaction;
  Caller caller;
  bool apply = true;                                 // false: only store
  std::optional<std::chrono::seconds> try_for = {};  // apply, and store when it is confirmed
};

// Checks whether the listener of the API could start with these settings. Errors: invalid_argument.
using CheckAccess = std::function<Result<>(const settings::Api&)>;

struct Parts {
  datastore::Datastore store;
  apply::Applier& applier;
  Executor executor;
  SteadyClock clock;
  EventSink events;
  CheckAccess check_access = [](const settings::Api&) { return Result<>(); };
  // Called when other settings are in effect; `applied`: every file and service follows them.
  std::function<void(bool applied)> took_effect = [](bool) {};
};

class Configuration {
 public:
  explicit Configuration(Parts parts);
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  const datastore::Datastore& store() const { return store_; }
  // Settings in effect, as a document and typed, and the document with secrets replaced: valid until the next change.
  const Json& effective() const { return effective_; }
  const settings::Settings& in_effect() const { return in_effect_; }
  const Json& effective_redacted() const;
  // What is stored and not in effect.
  const LeftOut& left_out() const { return left_out_; }
  std::uint64_t generation() const { return generation_; }  // grows with each change of effective()
  const std::optional<Try>& current_try() const { return try_; }
  bool locked_down() const { return locked_down_; }
  const Json& generated() const { return generated_; }

  // Facts about the node; they take effect with the next apply().
  void set_facts(Json generated, render::Facts facts);

  // --- transactions. Errors change nothing. locked() when a try is open or the node is locked down.
  //
  // A transaction belongs to the caller who opened it: permission_denied for everybody else, except that an admin may
  // drop it. permission_denied as well for a setting that the caller's role may not change (settings::changed_by), at
  // every call and again when the transaction is committed.
  Result<> stage(const Caller& caller, const std::string& transaction, const Json& document);
  Result<> stage_texts(const Caller& caller, const std::string& transaction,
                       const std::vector<std::string>& assignments);  // "key=value"
  Result<> stage_unset(const Caller& caller, const std::string& transaction, const std::vector<std::string>& keys);
  Result<> stage_rollback(const Caller& caller, const std::string& transaction, std::uint64_t commit);
  Result<std::vector<datastore::Change>> drop(const Caller& caller, const std::string& transaction);
  Result<TransactionPlan> plan(const std::string& transaction) const;

  // --- changes; `done` is called once, perhaps before they return. It may request further changes, which come after
  // those that wait.
  void commit(CommitRequest request, Done done);
  // Renders and applies the settings in effect; services of `keys` are notified even when no file changed.
  void apply(std::vector<Key> keys, Done done);
  // End the open try; not_found when there is none. With `transaction`, only the try of that transaction. Only its
  // caller and admins may confirm it.
  void confirm(const Caller& asking, Done done);
  void revert(const std::string& why, Done done, const std::string& transaction = {});
  // Refuses every change until the process ends.
  void lock_down() { locked_down_ = true; }

  // Renders everything and applies it, on the calling thread: at the start.
  Result<ChangeOutcome> apply_now();
  // The files of settings in effect.
  Result<std::vector<render::File>> files() const;

 private:
  struct Next;  // takes effect when applying succeeded

  using Applied = std::move_only_function<void(Result<apply::ApplyPlan>, Turn)>;

  Result<> writable(const std::string& transaction) const;
  Result<> may_use(const Caller& caller, const std::string& transaction) const;
  Result<> stage_changes(const Caller& caller, const std::string& transaction,
                         const std::vector<datastore::Change>& changes);
  void forget_owner(const std::string& transaction);
  Result<> bring_up_to_date(Caller& caller) const;
  // Ends the open try, which must be there, and goes on with the turn.
  void end_try(const std::string& why, Turn turn, Applied then);
  Json document_of(const settings::Flat& live) const;
  // Leaves out what is refused, and renders the rest: without `all`, only the files of affected services, to see that
  // they can be. Errors: what cannot be mended by leaving out something that is stored.
  Result<Next> screened(settings::Flat live, const std::set<std::string>& affected, bool all) const;
  // Refuses changes that would not be in effect themselves, and those that put something else out of effect.
  Result<> check_left_out(const std::vector<datastore::Change>& changes, const LeftOut& with_them,
                          const std::set<std::string>& affected, bool all) const;
  // Applies changes to the live settings, checks and renders them. Without `apply`, nothing is compared with the node.
  Result<Next> prepare(const std::vector<datastore::Change>& changes, std::set<std::string> affected,
                       bool apply = true) const;
  void carry_out(Next next, Turn turn, Applied then);
  void start_commit(const CommitRequest& wanted, const Done& done, Turn turn);
  void begin_try(const CommitRequest& request, std::chrono::seconds time, ChangeOutcome outcome, const Done& done);
  void store_applied(const CommitRequest& request, ChangeOutcome outcome, const Done& done, Turn turn);
  void take_in_stored();
  void take_effect(Next next, bool applied);

  datastore::Datastore store_;
  std::map<std::string, Caller> owners_;  // of the open transactions
  apply::Applier& applier_;
  Executor executor_;
  SteadyClock clock_;
  EventSink events_;
  CheckAccess check_access_;
  std::function<void(bool applied)> took_effect_;
  // Of what was stored at the start: everything that was stored since has been checked.
  std::vector<RefusedValue> refused_values_;
  LeftOut left_out_;
  Json generated_ = Json::object();
  Json base_;                     // defaults and generated settings
  mutable bool checked_ = false;  // generated_ is
  render::Facts facts_;
  Json effective_;
  settings::Settings in_effect_;  // effective_, typed
  mutable Json redacted_;         // made when it is asked for
  std::uint64_t generation_ = 0;
  apply::KernelState kernel_;
  std::optional<Try> try_;
  std::string committing_;  // the transaction that is being applied: nothing more may be staged into it
  bool locked_down_ = false;
  TurnQueue turns_;
};

// ErrorCode::locked: a try has to be confirmed or reverted first, or the node is locked down.
Error locked(std::string what);

// Rules between settings, which a single declaration cannot express: what breaks them.
std::vector<Conflict> conflicts_between(const settings::Settings& settings);

// "kernel.yama.ptrace_scope = 0": what is weaker than in the image.
std::vector<std::string> relaxed_parameters(const settings::Kernel& kernel);

// Whether this role may make these changes. Errors: permission_denied, with the first key that it may not change.
Result<> check_role(const std::vector<datastore::Change>& changes, const Caller& caller);
// settings.api: who may do what.
bool is_about_access(const datastore::Change& change);

// Services that are notified when these keys change, or anything below them. Keys that are no longer declared affect
// nothing.
std::set<std::string> affected_services(const std::vector<datastore::Change>& changes);
std::set<std::string> affected_services(const Key& key);

// --- for the wire (openapi.yaml). Secret values are "(secret)".
Json json_of(const datastore::Change& change, const settings::Flat& before);
Json json_of(const apply::ApplyPlan& plan);  // {files, services, reboot_required}
Json json_of(const TransactionPlan& plan, const settings::Flat& before);
Json json_of(const ChangeOutcome& outcome);
Json json_of(const Try& current, std::chrono::steady_clock::time_point now);
Json json_of(const datastore::Commit& commit);                // without changes
Json keys_of(const std::vector<datastore::Change>& changes);  // ["settings.motd"]

}  // namespace bulkhead::configuration
