#include "api-server/configuration/configuration.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::configuration {
namespace {

using datastore::Change;
using settings::Flat;

constexpr std::string_view kNode = "node";
constexpr std::ptrdiff_t kMostOfOneCaller = 1024;
constexpr std::size_t kLongestQuote = 64;

const settings::Shape& shape() { return settings::Settings::shape(); }

std::vector<Change> changes_of(const Json& document) {
  std::vector<Change> changes;
  for (auto& [key, value] : settings::flat(document, shape())) changes.push_back({.key = key, .value = value});
  return changes;
}

}  // namespace

Caller the_node(std::string name) {
  return {.identity = std::string(kNode), .name = std::move(name), .role = Role::admin};
}

Error locked(std::string what) {
  return Error{.code = ErrorCode::locked,
               .message = std::move(what),
               .context = {},
               .hint = "wait, or look at it: apiclient status"};
}

Configuration::Configuration(Parts parts)
    : store_(std::move(parts.store)),
      applier_(parts.applier),
      executor_(std::move(parts.executor)),
      clock_(std::move(parts.clock)),
      events_(std::move(parts.events)),
      check_access_(std::move(parts.check_access)),
      took_effect_(std::move(parts.took_effect)),
      refused_values_(refused_values(store_.live())) {
  set_facts(Json::object(), {});
  take_in_stored();
}

Json Configuration::document_of(const Flat& live) const { return settings::merged(base_, settings::unflat(live)); }

const Json& Configuration::effective_redacted() const {
  if (redacted_.is_null()) redacted_ = settings::redacted(effective_, shape());
  return redacted_;
}

void Configuration::set_facts(Json generated, render::Facts facts) {
  static const Json defaults = settings::defaults(shape());
  base_ = settings::merged(defaults, generated);
  checked_ = false;
  generated_ = std::move(generated);
  facts_ = std::move(facts);
}

Result<> Configuration::writable(const std::string& transaction) const {
  if (locked_down_) return fail(locked("the node is locked down until its next boot"));
  if (!committing_.empty() && committing_ == transaction)
    return fail(locked(std::format("transaction '{}' is being committed", transaction)));
  if (try_ && try_->transaction == transaction)
    return fail(locked(std::format("transaction '{}' is being tried; confirm or revert it first", transaction)));
  return {};
}

Result<> Configuration::may_use(const Caller& caller, const std::string& transaction) const {
  if (transaction.starts_with(kReservedNames) && caller.identity != kNode)
    return fail(ErrorCode::invalid_argument,
                "'{}' is not a name for a transaction: names that begin with '{}' are the node's",
                transaction.substr(0, kLongestQuote), kReservedNames);
  const auto owner = owners_.find(transaction);
  if (owner == owners_.end() || owner->second.identity == caller.identity) return {};
  return fail(error(ErrorCode::permission_denied, "transaction '{}' belongs to {}", transaction, owner->second.name)
                  .with_hint("use another name; an admin can drop it: apiclient raw -X DELETE '/tx?tx=NAME'"));
}

Result<> Configuration::stage_changes(const Caller& caller, const std::string& transaction,
                                      const std::vector<Change>& changes) {
  const auto mine = [&](const auto& entry) { return entry.second.identity == caller.identity; };
  if (!owners_.contains(transaction) && std::ranges::count_if(owners_, mine) >= kMostOfOneCaller)
    return fail(ErrorCode::aborted, "{} has {} transactions open, which is the limit: commit or drop some", caller.name,
                kMostOfOneCaller);
  TRY(check_role(changes, caller));
  TRY(store_.stage(transaction, changes));
  owners_.try_emplace(transaction, caller);
  return {};
}

Result<> Configuration::bring_up_to_date(Caller& caller) const {
  if (!caller.role_now) return {};
  const auto role = caller.role_now();
  if (!role) return fail(ErrorCode::permission_denied, "{} has no role any more", caller.name);
  caller.role = *role;
  return {};
}

void Configuration::forget_owner(const std::string& transaction) {
  if (!store_.pending(transaction)) owners_.erase(transaction);
}

Result<> Configuration::stage(const Caller& caller, const std::string& transaction, const Json& document) {
  TRY(writable(transaction));
  TRY(may_use(caller, transaction));
  TRY(settings::check(document, shape()));
  return stage_changes(caller, transaction, changes_of(document));
}

Result<> Configuration::stage_texts(const Caller& caller, const std::string& transaction,
                                    const std::vector<std::string>& assignments) {
  TRY(writable(transaction));
  TRY(may_use(caller, transaction));
  std::vector<Change> changes;
  for (const std::string& assignment : assignments) {
    // A key may have '=' between quotes; outside of them the first one ends it.
    std::size_t end = 0;
    bool quoted = false;
    for (; end < assignment.size() && (quoted || assignment[end] != '='); ++end) quoted ^= assignment[end] == '"';
    if (end == assignment.size())
      return fail(ErrorCode::invalid_argument, "'{}' is not of the form key=value",
                  assignment.substr(0, kLongestQuote));
    const Key key = TRY(Key::parse(std::string_view(assignment).substr(0, end)));
    auto value = settings::from_text(shape(), key, std::string_view(assignment).substr(end + 1));
    // The body names the key, not the address: as in a document, that is a bad request and nothing that is missing.
    if (!value && value.error().code == ErrorCode::not_found) value.error().code = ErrorCode::invalid_argument;
    if (!value) return fail(std::move(value).error());
    // A table in JSON is the settings below it.
    Json document = *std::move(value);
    for (auto segment = key.segments().rbegin(); segment != key.segments().rend(); ++segment)
      document = Json{{*segment, std::move(document)}};
    for (Change& change : changes_of(document)) changes.push_back(std::move(change));
  }
  return stage_changes(caller, transaction, changes);
}

Result<> Configuration::stage_unset(const Caller& caller, const std::string& transaction,
                                    const std::vector<std::string>& keys) {
  TRY(writable(transaction));
  TRY(may_use(caller, transaction));
  Flat values = store_.live();
  if (const auto pending = store_.pending(transaction)) datastore::apply(*pending, values);
  std::vector<Change> changes;
  for (const std::string& text : keys) {
    const Key key = TRY(Key::parse(text));
    const std::size_t before = changes.size();
    for (const auto& [name, value] : values) {
      if (name.is_below(key)) changes.push_back({.key = name, .value = std::nullopt});
    }
    if (changes.size() > before) continue;  // also what this version does not declare
    TRY(settings::find(shape(), key));
    return fail(ErrorCode::not_found, "{} is not set", key.to_string());
  }
  return stage_changes(caller, transaction, changes);
}

Result<> Configuration::stage_rollback(const Caller& caller, const std::string& transaction, std::uint64_t commit) {
  TRY(writable(transaction));
  TRY(may_use(caller, transaction));
  const auto earlier = TRY(store_.after(commit));
  return stage_changes(caller, transaction, datastore::difference(store_.live(), earlier));
}

Result<std::vector<Change>> Configuration::drop(const Caller& caller, const std::string& transaction) {
  TRY(writable(transaction));
  if (caller.role < Role::admin) TRY(may_use(caller, transaction));
  auto changes = TRY(store_.drop(transaction));
  forget_owner(transaction);
  return changes;
}

Result<std::vector<render::File>> Configuration::files() const { return render::render(in_effect_, facts_); }

}  // namespace bulkhead::configuration
