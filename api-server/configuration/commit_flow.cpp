// How a change comes into force: checked, rendered, applied by the executor, stored.
#include <algorithm>
#include <ranges>

#include "api-server/configuration/configuration.hpp"

namespace bulkhead::configuration {

using datastore::Change;
using settings::Flat;

struct Configuration::Next {
  Json document;
  settings::Settings typed;  // the document
  LeftOut left_out;
  std::vector<render::File> files;
  apply::ApplyPlan plan;
  apply::KernelState kernel;
};

namespace {

apply::KernelState kernel_of(const settings::Settings& settings, const render::Facts& facts) {
  const auto lockdown = settings.kernel.lockdown;
  const auto smt = settings.kernel.smt;
  return {.hostname = settings.network.hostname ? settings.network.hostname->to_string() : facts.hostname,
          .lockdown = lockdown ? settings::kNames<settings::Lockdown>.at(static_cast<std::size_t>(*lockdown)) : "",
          .smt = smt ? settings::kNames<settings::Smt>.at(static_cast<std::size_t>(*smt)) : ""};
}

// What a transaction sets, without what it unsets.
Json document_of_set(const std::vector<Change>& changes) {
  Flat values;
  for (const Change& change : changes) {
    if (change.value) values.emplace(change.key, *change.value);
  }
  return settings::unflat(values);
}

// Without `all`, no file: only whether those of these services can be made.
Result<std::vector<render::File>> rendered(const settings::Settings& settings, const render::Facts& facts,
                                           const std::set<std::string>& services, bool all) {
  if (all) return render::render(settings, facts);
  TRY(render::check(settings, facts, services));
  return std::vector<render::File>();
}

// Settings that are left out either before or after a change.
std::vector<Key> in_one_only(const LeftOut& before, const LeftOut& after) {
  std::vector<Key> keys;
  for (const Key& key : before.settings | std::views::keys) {
    if (!after.settings.contains(key)) keys.push_back(key);
  }
  for (const Key& key : after.settings | std::views::keys) {
    if (!before.settings.contains(key)) keys.push_back(key);
  }
  return keys;
}

// A transaction that is asked to be committed and is not there: 422, as with Bottlerocket.
Error nothing_pending(Error reason) {
  if (reason.code == ErrorCode::not_found) {
    reason.code = ErrorCode::failed_precondition;
    reason.hint = "nothing was staged in it, or the API server has restarted since; stage the changes again";
  }
  return reason;
}

}  // namespace

Result<Configuration::Next> Configuration::screened(Flat live, const std::set<std::string>& affected, bool all) const {
  if (!checked_) TRY(settings::check(generated_, settings::Settings::shape()));
  checked_ = true;
  Screen screen(std::move(live), refused_values_);
  for (;;) {
    Next next{
        .document = document_of(screen.accepted()), .typed = {}, .left_out = {}, .files = {}, .plan = {}, .kernel = {}};
    next.typed = settings::Settings::of_checked(next.document);
    std::vector<Conflict> conflicts = conflicts_between(next.typed);
    if (conflicts.empty()) {
      auto files = rendered(next.typed, facts_, affected, all);
      if (files) {
        next.left_out = screen.left_out();
        next.files = *std::move(files);
        next.kernel = kernel_of(next.typed, facts_);
        return next;
      }
      conflicts.push_back({.keys = keys_named_by(files.error()), .reason = files.error()});
    }
    // Each round leaves out at least one setting more.
    bool fewer = false;
    for (const Conflict& conflict : conflicts) fewer = screen.leave_out(conflict) || fewer;
    if (!fewer) return fail(std::move(conflicts.front().reason));
  }
}

Result<> Configuration::check_left_out(const std::vector<Change>& changes, const LeftOut& with_them,
                                       const std::set<std::string>& affected, bool all) const {
  if (changes.empty() || with_them.settings.empty()) return {};
  const auto without = screened(store_.live(), affected, all);
  std::set<std::size_t> new_refusals;
  for (const auto& [key, refusal] : with_them.settings) {
    const bool is_changed = std::ranges::contains(changes, key, &Change::key);
    if (is_changed || (without && !without->left_out.settings.contains(key))) new_refusals.insert(refusal);
  }
  if (new_refusals.empty()) return {};
  return fail(with_them.refusals.at(*new_refusals.begin()).reason);
}

Result<Configuration::Next> Configuration::prepare(const std::vector<Change>& changes, std::set<std::string> affected,
                                                   bool apply) const {
  TRY(settings::check(document_of_set(changes), settings::Settings::shape()));
  Flat live = store_.live();
  datastore::apply(changes, live);
  // What one part of the files refused must not come back because only another part is looked at.
  const bool all = apply || !left_out_.settings.empty();
  Next next = TRY(screened(std::move(live), affected, all));
  TRY(check_left_out(changes, next.left_out, affected, all));
  // Only when changes are about it: what has been stored for long must not keep anything else from being changed.
  if (std::ranges::any_of(changes, is_about_access)) TRY(check_access_(next.typed.api));
  if (!apply) return next;
  for (const Key& key : in_one_only(left_out_, next.left_out)) affected.merge(affected_services(key));
  next.plan = TRY(applier_.plan(next.files, affected));
  if (apply::is_weaker_lockdown(next.kernel.lockdown, kernel_.lockdown)) next.plan.reboot_required = true;
  return next;
}

// What is in effect before anything is applied.
void Configuration::take_in_stored() {
  auto next = screened(store_.live(), {}, false);
  effective_ = next ? std::move(next->document) : base_;
  in_effect_ = next ? std::move(next->typed) : settings::Settings::of_checked(base_);
  if (next) left_out_ = std::move(next->left_out);
}

void Configuration::take_effect(Next next, bool applied) {
  effective_ = std::move(next.document);
  in_effect_ = std::move(next.typed);
  left_out_ = std::move(next.left_out);
  redacted_ = nullptr;
  ++generation_;
  took_effect_(applied);
}

Result<TransactionPlan> Configuration::plan(const std::string& transaction) const {
  TransactionPlan plan{.transaction = transaction, .changes = {}, .apply = {}};
  plan.changes = TRY(store_.prepare(transaction));
  auto prepared = TRY(prepare(plan.changes, affected_services(plan.changes)));
  plan.apply = std::move(prepared.plan);
  return plan;
}

void Configuration::carry_out(Next next, Turn turn, Applied then) {
  auto work = std::make_shared<Next>(std::move(next));
  auto result = std::make_shared<Result<apply::ApplyPlan>>();
  executor_([this, work, result] { *result = applier_.apply(work->plan, work->kernel, kernel_); },
            [this, work, result, turn = std::move(turn), then = std::move(then)]() mutable {
              if (*result) {
                kernel_ = work->kernel;
                take_effect(std::move(*work), true);
                if (!(*result)->empty()) events_("apply", json_of(**result));
              }
              then(std::move(*result), std::move(turn));
            });
}

void Configuration::commit(CommitRequest request, Done done) {
  turns_.enqueue([this, request = std::move(request), done = std::move(done)](Turn turn) {
    start_commit(request, done, std::move(turn));
  });
}

void Configuration::start_commit(const CommitRequest& wanted, const Done& done, Turn turn) {
  const auto refuse = [&](Error reason) { done(fail(std::move(reason))); };
  CommitRequest request = wanted;
  if (auto known = bring_up_to_date(request.caller); !known) return refuse(std::move(known).error());
  if (auto writing = writable(request.transaction); !writing) return refuse(std::move(writing).error());
  if (auto mine = may_use(request.caller, request.transaction); !mine) return refuse(std::move(mine).error());
  auto changes = store_.prepare(request.transaction);
  if (!changes) return refuse(nothing_pending(std::move(changes).error()));
  // Looked at when its turn comes: the transaction of this name may be another one by now.
  if (auto allowed = check_role(*changes, request.caller); !allowed) return refuse(std::move(allowed).error());
  // An operator's try does not keep an admin out. The node's own changes wait.
  const bool is_the_node = request.transaction.starts_with(kReservedNames);
  if (try_ && !is_the_node && request.caller.role == Role::admin && try_->caller.role < Role::admin) {
    return end_try(request.caller.name + " commits", std::move(turn),
                   [this, request, done](const Result<apply::ApplyPlan>& ended, Turn mine) {
                     if (try_) return done(fail(ended.error()));  // it could not be ended
                     start_commit(request, done, std::move(mine));
                   });
  }
  if (try_)
    return refuse(locked(std::format("{} is trying transaction '{}'; confirm or revert it first", try_->caller.name,
                                     try_->transaction)));
  auto next = prepare(*changes, affected_services(*changes), request.apply);
  if (!next) return refuse(std::move(next).error());

  if (!request.apply) {
    auto commit = store_.commit(request.transaction, request.caller.name);
    if (!commit) return refuse(std::move(commit).error());
    forget_owner(request.transaction);
    take_effect(*std::move(next), false);
    if (commit->id != 0) events_("commit", json_of(*commit));
    return done(ChangeOutcome{.commit = commit->id, .changes = commit->changes, .applied = {}});
  }

  committing_ = request.transaction;
  carry_out(*std::move(next), std::move(turn),
            [this, request, done, changes = *std::move(changes)](Result<apply::ApplyPlan> applied, Turn mine) {
              committing_.clear();
              if (!applied) return done(fail(std::move(applied).error()));
              ChangeOutcome outcome{.commit = 0, .changes = changes, .applied = *std::move(applied)};
              if (request.try_for)
                begin_try(request, *request.try_for, std::move(outcome), done);
              else
                store_applied(request, std::move(outcome), done, std::move(mine));
            });
}

void Configuration::begin_try(const CommitRequest& request, std::chrono::seconds time, ChangeOutcome outcome,
                              const Done& done) {
  try_ = Try{.transaction = request.transaction,
             .caller = request.caller,
             .deadline = clock_() + time,
             .changes = outcome.changes};
  events_("try", {{"state", "begun"}, {"try", json_of(*try_, clock_())}});
  done(std::move(outcome));
}

void Configuration::store_applied(const CommitRequest& request, ChangeOutcome outcome, const Done& done, Turn turn) {
  auto commit = store_.commit(request.transaction, request.caller.name);
  if (commit) {
    forget_owner(request.transaction);
    outcome.commit = commit->id;
    if (commit->id != 0) events_("commit", json_of(*commit));
    return done(std::move(outcome));
  }
  // In force but not stored (a full disk): back to what is stored.
  Error reason = std::move(commit).error();
  auto back = prepare({}, affected_services(outcome.changes));
  if (!back) return done(fail(std::move(reason)));
  carry_out(*std::move(back), std::move(turn),
            [done, reason](const Result<apply::ApplyPlan>& undone, const Turn&) mutable {
              if (!undone)
                reason.message += "; restoring the stored settings failed as well: " + undone.error().describe();
              done(fail(std::move(reason)));
            });
}

void Configuration::apply(std::vector<Key> keys, Done done) {
  turns_.enqueue([this, keys = std::move(keys), done = std::move(done)](Turn turn) {
    std::set<std::string> affected;
    for (const Key& key : keys) affected.merge(affected_services(key));
    Result<Next> next = try_ ? fail(locked("a try is open; confirm or revert it first")) : prepare({}, affected);
    if (!next) return done(fail(std::move(next).error()));
    carry_out(*std::move(next), std::move(turn), [done](Result<apply::ApplyPlan> applied, const Turn&) {
      if (!applied) return done(fail(std::move(applied).error()));
      done(ChangeOutcome{.commit = 0, .changes = {}, .applied = *std::move(applied)});
    });
  });
}

void Configuration::confirm(const Caller& asking, Done done) {
  turns_.enqueue([this, asking, done = std::move(done)](const Turn&) {
    if (!try_) return done(fail(ErrorCode::not_found, "no try is open"));
    Caller caller = asking;
    if (auto known = bring_up_to_date(caller); !known) return done(fail(std::move(known).error()));
    if (caller.identity != try_->caller.identity && caller.role < Role::admin)
      return done(fail(ErrorCode::permission_denied, "the try belongs to {}; {} may only revert it", try_->caller.name,
                       caller.name));
    if (auto allowed = check_role(try_->changes, caller); !allowed) return done(fail(std::move(allowed).error()));
    auto commit = store_.commit(try_->transaction, try_->caller.name);
    if (!commit) return done(fail(std::move(commit).error()));
    forget_owner(try_->transaction);
    try_.reset();
    if (commit->id != 0) events_("commit", json_of(*commit));
    events_("try", {{"state", "confirmed"}});
    done(ChangeOutcome{.commit = commit->id, .changes = commit->changes, .applied = {}});
  });
}

void Configuration::revert(const std::string& why, Done done, const std::string& transaction) {
  turns_.enqueue([this, why, done = std::move(done), transaction](Turn turn) {
    // Whoever asked for it may have waited for its turn, while that try ended and another one began.
    if (!try_ || (!transaction.empty() && transaction != try_->transaction))
      return done(fail(ErrorCode::not_found, "no try is open"));
    auto changes = try_->changes;
    end_try(why, std::move(turn),
            [done, changes = std::move(changes)](Result<apply::ApplyPlan> applied, const Turn&) mutable {
              if (!applied) return done(fail(std::move(applied).error()));
              done(ChangeOutcome{.commit = 0, .changes = std::move(changes), .applied = *std::move(applied)});
            });
  });
}

void Configuration::end_try(const std::string& why, Turn turn, Applied then) {
  if (!try_) return then(fail(ErrorCode::not_found, "no try is open"), std::move(turn));
  const Try tried = *try_;
  auto back = prepare({}, affected_services(tried.changes));
  if (!back) return then(fail(std::move(back).error()), std::move(turn));
  carry_out(*std::move(back), std::move(turn),
            [this, why, tried, then = std::move(then)](Result<apply::ApplyPlan> applied, Turn mine) mutable {
              // Also when a service did not come back: what is stored counts, and somebody has to look.
              try_.reset();
              const auto dropped = store_.drop(tried.transaction);
              forget_owner(tried.transaction);
              Json event = {{"state", "reverted"}, {"why", why}, {"transaction", tried.transaction}};
              if (!applied) event["error"] = applied.error().describe();
              if (!dropped) event["error"] = dropped.error().describe();
              events_("try", event);
              then(std::move(applied), std::move(mine));
            });
}

Result<ChangeOutcome> Configuration::apply_now() {
  Next next = TRY(prepare({}, {"hostname", "lockdown", "smt"}));
  ChangeOutcome outcome;
  outcome.applied = TRY(applier_.apply(next.plan, next.kernel, {}));
  kernel_ = next.kernel;
  take_effect(std::move(next), true);
  return outcome;
}

}  // namespace bulkhead::configuration
