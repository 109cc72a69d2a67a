#include "api-server/daemon/user_data_intake.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "lib/crypto/sha256.hpp"

namespace bulkhead::daemon {
namespace {

constexpr const char* kAppliedFile = "user-data.applied";
constexpr const char* kSettledMark = "user-data.settled";  // named by bulkhead-config-disks.service

}  // namespace

UserDataIntake::UserDataIntake(Places places, configuration::Configuration& configuration, const log::Log& log,
                               ProblemList& problems, bool fresh)
    : places_(std::move(places)), configuration_(configuration), log_(log), problems_(problems) {
  if (fresh) return;
  auto known = intake::load_applied(places_.state / kAppliedFile);
  if (known && *known) {
    known_ = *std::move(known);
    return;
  }
  // Nothing was stored yet: an earlier start ended before it had taken in anything.
  if (configuration.store().last_commit() == 0) return;
  // Doing it again would undo what was set since.
  known_ = intake::AppliedRecord{.incomplete = true};
  log_.error(known ? error(ErrorCode::data_loss,
                           "the record of applied user data is missing; the current documents are treated as applied")
                   : std::move(known).error());
}

// Each source from the directory of its program, and from no other.
Result<user_data::Collected> UserDataIntake::collect() const {
  constexpr std::string_view kImds = "imds";
  std::vector<std::string_view> others(user_data::kSources.begin(), user_data::kSources.end());
  std::erase(others, kImds);
  auto collected = TRY(user_data::load(places_.user_data, others));
  auto imds = TRY(user_data::load(places_.imds, std::span(&kImds, 1)));
  std::ranges::move(imds.documents, std::back_inserter(collected.documents));
  std::ranges::move(imds.unreadable, std::back_inserter(collected.unreadable));
  std::ranges::stable_sort(collected.documents, {},
                           [](const user_data::Document& document) { return user_data::order_of(document.source); });
  return collected;
}

Result<> UserDataIntake::may_accept(std::string_view source) const {
  if (configuration_.current_try()) return fail(configuration::locked("a try is open; confirm or revert it first"));
  const user_data::Collected collected = TRY(collect());
  const auto found = std::ranges::find(collected.documents, source, &user_data::Document::source);
  if (known_ && found != collected.documents.end() && intake::can_be_accepted(*known_, *found)) return {};
  return fail(error(ErrorCode::not_found, "source '{}' has no ignored document", source)
                  .with_hint("list the documents: apiclient user-data"));
}

bool UserDataIntake::stage(std::string_view accepted) {
  outcomes_.clear();
  unchanged_.clear();
  ignored_.clear();
  pending_ = false;
  const auto collected = collect();
  if (!collected) {
    problems_.set("user data", collected.error().describe());
    return false;
  }
  if (known_) known_ = intake::completed(*std::move(known_), collected->documents, wall_clock());
  const auto documents = intake::to_apply(known_, collected->documents, reapplies(), accepted);
  for (const user_data::Document& document : collected->documents) {
    if (std::ranges::contains(documents, document.source, &user_data::Document::source)) continue;
    const auto reason = known_ ? intake::why_ignored(*known_, document) : std::nullopt;
    if (known_ && reason)
      ignore(document, *reason, *known_);
    else
      unchanged_.push_back(document.source);
  }
  intake::MergedDocuments merged = intake::merged_documents(documents, collected->unreadable);
  outcomes_ = std::move(merged.outcomes);
  for (intake::SourceOutcome& outcome : outcomes_) outcome.accepted = outcome.source == accepted;
  for (intake::SourceOutcome& outcome : intake::still_refused(known_, collected->documents, documents)) {
    std::erase(unchanged_, outcome.source);
    outcomes_.push_back(std::move(outcome));
  }
  report();
  if (merged.settings.empty()) {
    applied(outcomes_);
    return false;
  }
  if (auto staged = configuration_.stage(caller(), kUserDataTransaction, merged.settings); !staged) {
    refused(staged.error(), outcomes_);
    return false;
  }
  // What only shows when everything is put together, before anything is stored.
  if (auto planned = configuration_.plan(kUserDataTransaction); !planned) {
    refused(planned.error(), outcomes_);
    return false;
  }
  return true;
}

void UserDataIntake::applied(const std::vector<intake::SourceOutcome>& outcomes) {
  known_ = intake::after(known_, outcomes, wall_clock());
  if (auto stored = intake::store_applied(places_.state / kAppliedFile, *known_); !stored)
    problems_.set("user data", stored.error().describe());
}

void UserDataIntake::refused(const Error& reason, std::vector<intake::SourceOutcome> outcomes) {
  const auto dropped = configuration_.drop(caller(), kUserDataTransaction);
  static_cast<void>(dropped);  // it may never have been begun
  // A lock says nothing about the documents: they count when it is gone.
  if (reason.code == ErrorCode::locked) return postpone();
  for (intake::SourceOutcome& outcome : outcomes) {
    if (!outcome.refused) outcome.refused = reason.describe();
  }
  outcomes_ = std::move(outcomes);
  report();
  applied(outcomes_);
}

void UserDataIntake::ignore(const user_data::Document& document, const std::string& reason,
                            const intake::AppliedRecord& known) {
  const auto before = known.documents.find(document.source);
  ignored_.push_back({.source = document.source,
                      .digest = crypto::sha256(document.content).to_string(),
                      .reason = std::format("{}; if it is yours, take it in: apiclient user-data --accept {}", reason,
                                            document.source),
                      .missed = before != known.documents.end() && (before->second.refused || reapplies())});
  log_.warning("user data from {} is ignored: {}", document.source, ignored_.back().reason);
}

void UserDataIntake::report() {
  std::string text;
  for (const Ignored& each : ignored_) {
    if (each.missed) text += std::format("{}{} is ignored: {}", text.empty() ? "" : "; ", each.source, each.reason);
  }
  for (const intake::SourceOutcome& outcome : outcomes_) {
    if (!outcome.refused) continue;
    text += (text.empty() ? "" : "; ") + *outcome.refused;
    log_.write({.priority = log::Priority::error,
                .message = "user data refused: " + *outcome.refused,
                .message_id = log::kUserDataRefused.id,
                .fields = {{"BULKHEAD_SOURCE", outcome.source}}});
  }
  problems_.set("user data", text);
}

bool UserDataIntake::reapplies() const { return configuration_.in_effect().boot.reapply_user_data.value_or(false); }

void UserDataIntake::mark_settled() const {
  const auto refused = [](const auto& known) { return known.second.refused; };
  const bool settled = known_ && !pending_ && !reapplies() && std::ranges::none_of(known_->documents, refused) &&
                       std::ranges::none_of(outcomes_, [](const auto& outcome) { return outcome.refused.has_value(); });
  const sys::Path mark = places_.state / kSettledMark;
  if (settled == sys::exists(mark)) return;
  const auto remove = [&]() -> Result<> {
    if (::unlink(mark.c_str()) < 0) return fail_errno("removing {}", mark.native());
    return {};
  };
  const auto done = settled ? sys::write_file_atomically(mark, "") : remove();
  if (!done) log_.error(done.error());
}

settings::Json UserDataIntake::to_json() const {
  const auto add_time = [this](settings::Json& entry, const std::string& name) {
    const auto found = known_ ? known_->documents.find(name) : decltype(known_->documents.end()){};
    if (!known_ || found == known_->documents.end() || found->second.refused) return;
    entry["applied_at"] = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(found->second.time));
  };
  settings::Json sources = settings::Json::array();
  for (const intake::SourceOutcome& outcome : outcomes_) {
    settings::Json source = {{"source", outcome.source},
                             {"result", outcome.refused ? "refused"
                                        : pending_      ? "pending"
                                                        : "applied"}};
    if (!outcome.sha256.empty()) source["digest"] = outcome.sha256;
    if (outcome.refused) source["error"] = *outcome.refused;
    add_time(source, outcome.source);
    sources.push_back(std::move(source));
  }
  for (const std::string& name : unchanged_) {
    settings::Json source = {{"source", name}, {"result", "unchanged"}};
    add_time(source, name);
    sources.push_back(std::move(source));
  }
  for (const Ignored& each : ignored_) {
    settings::Json source = {
        {"source", each.source}, {"result", "ignored"}, {"digest", each.digest}, {"error", each.reason}};
    add_time(source, each.source);
    sources.push_back(std::move(source));
  }
  return {{"sources", std::move(sources)}};
}

}  // namespace bulkhead::daemon
