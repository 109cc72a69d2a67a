#include "api-server/configuration/configuration.hpp"

#include "lib/base/text.hpp"

namespace bulkhead::configuration {
namespace {

using datastore::Change;
using settings::Flat;

const settings::Shape& shape() { return settings::Settings::shape(); }

std::vector<Change> changes_of(const Json& document) {
  std::vector<Change> changes;
  for (auto& [key, value] : settings::flat(document, shape())) changes.push_back({.key = key, .value = value});
  return changes;
}

}  // namespace

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
      check_access_(std::move(parts.check_access)) {
  set_facts(Json::object(), {});
  take_effect(document_of(store_.live()));
}

Json Configuration::document_of(const Flat& live) const { return settings::merged(base_, settings::unflat(live)); }

void Configuration::take_effect(Json document) {
  effective_ = std::move(document);
  redacted_ = nullptr;
  ++generation_;
}

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
  if (try_ && try_->transaction == transaction)
    return fail(locked(std::format("transaction '{}' is being tried; confirm or revert it first", transaction)));
  return {};
}

Result<> Configuration::stage(const std::string& transaction, const Json& document) {
  TRY(writable(transaction));
  TRY(settings::check(document, shape()));
  return store_.stage(transaction, changes_of(document));
}

Result<> Configuration::stage_texts(const std::string& transaction, const std::vector<std::string>& assignments) {
  TRY(writable(transaction));
  std::vector<Change> changes;
  for (const std::string& assignment : assignments) {
    // A key may have '=' between quotes; outside of them the first one ends it.
    std::size_t end = 0;
    bool quoted = false;
    for (; end < assignment.size() && (quoted || assignment[end] != '='); ++end) quoted ^= assignment[end] == '"';
    if (end == assignment.size())
      return fail(ErrorCode::invalid_argument, "'{}' is not of the form key=value", assignment.substr(0, 64));
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
  return store_.stage(transaction, changes);
}

Result<> Configuration::stage_unset(const std::string& transaction, const std::vector<std::string>& keys) {
  TRY(writable(transaction));
  Flat values = store_.live();
  if (const auto pending = store_.pending(transaction)) datastore::apply(*pending, values);
  std::vector<Change> changes;
  for (const std::string& text : keys) {
    const Key key = TRY(Key::parse(text));
    TRY(settings::find(shape(), key));
    const std::size_t before = changes.size();
    for (const auto& [name, value] : values) {
      if (name.is_below(key)) changes.push_back({.key = name, .value = std::nullopt});
    }
    if (changes.size() == before) return fail(ErrorCode::not_found, "{} is not set", key.to_string());
  }
  return store_.stage(transaction, changes);
}

Result<> Configuration::stage_rollback(const std::string& transaction, std::uint64_t commit) {
  TRY(writable(transaction));
  const auto earlier = TRY(store_.after(commit));
  return store_.stage(transaction, datastore::difference(store_.live(), earlier));
}

Result<std::vector<Change>> Configuration::drop(const std::string& transaction) {
  TRY(writable(transaction));
  return store_.drop(transaction);
}

Result<std::vector<render::File>> Configuration::files() const {
  const auto typed = TRY(settings::Settings::from_json(effective_));
  return render::render(typed, facts_);
}

}  // namespace bulkhead::configuration
