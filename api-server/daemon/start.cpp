#include "api-server/daemon/start.hpp"

#include <sys/random.h>

#include <algorithm>

#include "api-server/user-data/generators.hpp"
#include "lib/base/text.hpp"
#include "lib/node_state/network_watch.hpp"
#include "lib/slots/evidence.hpp"

namespace bulkhead::daemon {
namespace {

using configuration::Outcome;
using settings::Key;

constexpr const char* kUserDataTransaction = "user-data";
constexpr const char* kNodeTransaction = "generators";
constexpr const char* kAppliedFile = "user-data.applied";
constexpr std::uint64_t kLargest = 4U << 20U;

auto wall_clock() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

Result<OpenedStore> open_stored(const Places& places) {
  TRY(sys::create_directories(places.state));
  const migrate::Opened opened = TRY(migrate::migrate(places.state, places.model.version, places.model.steps));
  auto storage = TRY(datastore::FileStorage::open(opened.path));
  auto store = TRY(datastore::Datastore::open(std::move(storage), wall_clock));
  return OpenedStore{.store = std::move(store), .writable = true, .fresh = opened.origin == migrate::Origin::fresh};
}

// Empty when the file is not there.
std::string text_of(const sys::Path& path) {
  auto text = sys::read_file(path, kLargest);
  return text ? *std::move(text) : std::string();
}

std::vector<user_data::InterfaceAddress> addresses() {
  std::vector<user_data::InterfaceAddress> result;
  if (const auto found = node_state::NetworkWatch::addresses()) {
    for (const node_state::Address& each : *found)
      result.push_back({.interface = each.interface, .address = each.text});
  }
  return result;
}

// A setting that is drawn once and then stays.
void store_seed(configuration::Configuration& configuration, const Problem& problem) {
  if (configuration.store().live().contains(Key({"updates", "seed"}))) return;
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) return;
  const auto staged = configuration.stage(kNodeTransaction, {{"updates", {{"seed", user_data::seed(random)}}}});
  if (!staged) return problem("seed", staged.error().describe());
  configuration.commit({.transaction = kNodeTransaction, .author = "node", .apply = false},
                       [&](const Result<Outcome>& done) { problem("seed", done ? "" : done.error().describe()); });
}

}  // namespace

OpenedStore open_datastore(const Places& places, const Problem& problem) {
  auto opened = open_stored(places);
  problem("settings", opened ? "" : opened.error().describe() + "; the node runs with defaults and takes no changes");
  if (opened) return *std::move(opened);
  auto empty = datastore::Datastore::open(std::make_unique<datastore::MemoryStorage>(), wall_clock);
  return {.store = *std::move(empty), .writable = false};  // memory cannot fail
}

NodeFacts find_facts(const Places& places, const Problem& problem) {
  NodeFacts found;
  user_data::Inputs inputs;
  inputs.machine_id = trim(text_of(places.root / "etc/machine-id"));
  inputs.addresses = addresses();
  if (const std::string text = text_of(places.facts); !text.empty()) {
    auto facts = user_data::parse_facts(text);
    problem("facts", facts ? "" : facts.error().describe());
    if (facts) inputs.facts = *std::move(facts);
  }
  found.generated = user_data::generated(inputs);
  const std::string os_release = text_of(places.root / "usr/lib/os-release");
  found.facts = {.machine_id = inputs.machine_id,
                 .hostname = user_data::hostname(inputs.facts, inputs.machine_id),
                 .product = slots::os_release_value(os_release, "NAME"),
                 .version = slots::os_release_value(os_release, "VERSION_ID"),
                 .variant = slots::os_release_value(os_release, "VARIANT_ID"),
                 .region = user_data::region(inputs.facts).value_or(""),
                 .node_address = user_data::node_address(inputs.facts, inputs.addresses, inputs.primary).value_or(""),
                 .base_certificates = text_of(places.root / "usr/share/factory/etc/ssl/certs/ca-certificates.crt")};
  return found;
}

UserDataIntake::UserDataIntake(Places places, configuration::Configuration& configuration, const log::Log& log,
                               Problem problem, bool fresh)
    : places_(std::move(places)), configuration_(configuration), log_(log), problem_(std::move(problem)) {
  if (fresh) return;
  auto known = user_data::load_applied(places_.state / kAppliedFile);
  if (known)
    known_ = *std::move(known);
  else
    known_ = user_data::Applied{};  // taken as applied: doing it again would undo what was set since
}

std::optional<std::string> UserDataIntake::stage() {
  outcomes_.clear();
  unchanged_.clear();
  const auto collected = user_data::load(places_.user_data);
  if (!collected) {
    problem_("user data", collected.error().describe());
    return std::nullopt;
  }
  const settings::Json& effective = configuration_.effective();
  const bool reapply = effective.contains("boot") && effective["boot"].value("reapply-user-data", false);
  const auto documents = user_data::to_apply(known_, collected->documents, reapply);
  for (const user_data::Document& document : collected->documents) {
    if (!std::ranges::contains(documents, document.source, &user_data::Document::source))
      unchanged_.push_back(document.source);
  }
  user_data::MergedDocuments merged = user_data::merged_documents(documents, collected->unreadable);
  outcomes_ = std::move(merged.outcomes);
  for (user_data::SourceOutcome& outcome : user_data::still_refused(known_, collected->documents, documents)) {
    std::erase(unchanged_, outcome.source);
    outcomes_.push_back(std::move(outcome));
  }
  tell();
  if (merged.settings.empty()) {
    applied();
    return std::nullopt;
  }
  if (auto staged = configuration_.stage(kUserDataTransaction, merged.settings); !staged) {
    refused(staged.error());
    return std::nullopt;
  }
  // What only shows when everything is put together, before anything is stored.
  if (auto planned = configuration_.plan(kUserDataTransaction); !planned) {
    refused(planned.error());
    return std::nullopt;
  }
  return kUserDataTransaction;
}

void UserDataIntake::applied() {
  known_ = user_data::after(known_, outcomes_, wall_clock());
  if (auto stored = user_data::store_applied(places_.state / kAppliedFile, *known_); !stored)
    problem_("user data", stored.error().describe());
}

void UserDataIntake::refused(const Error& reason) {
  for (user_data::SourceOutcome& outcome : outcomes_) {
    if (!outcome.refused) outcome.refused = reason.describe();
  }
  const auto dropped = configuration_.drop(kUserDataTransaction);
  static_cast<void>(dropped);  // it may never have been begun
  tell();
  applied();
}

void UserDataIntake::tell() {
  std::string text;
  for (const user_data::SourceOutcome& outcome : outcomes_) {
    if (!outcome.refused) continue;
    text += (text.empty() ? "" : "; ") + *outcome.refused;
    log_.write({.priority = log::Priority::error,
                .message = "user data refused: " + *outcome.refused,
                .message_id = log::kUserDataRefused.id,
                .fields = {{"BULKHEAD_SOURCE", outcome.source}}});
  }
  problem_("user data", text);
}

settings::Json UserDataIntake::to_json() const {
  const auto add_time = [this](settings::Json& entry, const std::string& name) {
    const auto found = known_ ? known_->documents.find(name) : decltype(known_->documents.end()){};
    if (!known_ || found == known_->documents.end() || found->second.refused) return;
    entry["applied_at"] = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(found->second.time));
  };
  settings::Json sources = settings::Json::array();
  for (const user_data::SourceOutcome& outcome : outcomes_) {
    settings::Json source = {{"source", outcome.source}, {"result", outcome.refused ? "refused" : "applied"}};
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
  return {{"sources", std::move(sources)}};
}

void start(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
           const log::Log& log, const Problem& problem) {
  NodeFacts found = find_facts(places, problem);
  configuration.set_facts(std::move(found.generated), std::move(found.facts));
  if (const auto transaction = user_data.stage()) {
    configuration.commit({.transaction = *transaction, .author = "user data", .apply = false},
                         [&](const Result<Outcome>& done) {
                           if (done)
                             user_data.applied();
                           else
                             user_data.refused(done.error());
                         });
  }
  store_seed(configuration, problem);
  const auto applied = configuration.apply_now();
  problem("configuration", applied ? "" : applied.error().describe());
  if (applied) log.info("{} configuration files were written", applied->applied.files.size());
}

}  // namespace bulkhead::daemon
