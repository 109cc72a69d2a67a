#include "api-server/daemon/first_settings.hpp"

#include <sys/random.h>

#include <algorithm>
#include <span>

#include "api-server/user-data/generators.hpp"
#include "lib/base/text.hpp"
#include "lib/node_state/network_watch.hpp"
#include "lib/node_state/node_state.hpp"
#include "lib/slots/evidence.hpp"

namespace bulkhead::daemon {
namespace {

using configuration::ChangeOutcome;
using settings::Key;

constexpr const char* kSeedTransaction = "node.seed";
constexpr std::uint64_t kLargestFile = 4U << 20U;

Result<OpenedStore> open_stored(const Places& places) {
  TRY(sys::create_directories(places.state));
  const migrate::Opened opened = TRY(migrate::migrate(places.state, places.model.version, places.model.steps));
  auto storage = TRY(datastore::FileStorage::open(opened.path));
  auto store = TRY(datastore::Datastore::open(std::move(storage), wall_clock));
  return OpenedStore{.store = std::move(store), .writable = true, .fresh = opened.origin == migrate::Origin::fresh};
}

// Empty when the file is not there.
std::string text_of(const sys::Path& path) {
  auto text = sys::read_file(path, kLargestFile);
  return text ? *std::move(text) : std::string();
}

std::vector<intake::InterfaceAddress> addresses() {
  std::vector<intake::InterfaceAddress> result;
  if (const auto found = node_state::NetworkWatch::addresses()) {
    for (const node_state::Address& each : *found)
      result.push_back({.interface = each.interface, .address = each.text});
  }
  return result;
}

// A setting that is drawn once and then stays.
void store_seed(configuration::Configuration& configuration, ProblemList& problems) {
  if (configuration.store().live().contains(Key({"updates", "seed"}))) return;
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) return;
  const configuration::Caller node = configuration::the_node("node");
  const auto staged = configuration.stage(node, kSeedTransaction, {{"updates", {{"seed", intake::seed(random)}}}});
  if (!staged) return problems.set("seed", staged.error().describe());
  configuration.commit(
      {.transaction = kSeedTransaction, .caller = node, .apply = false},
      [&problems](const Result<ChangeOutcome>& done) { problems.set("seed", done ? "" : done.error().describe()); });
}

}  // namespace

OpenedStore open_datastore(const Places& places, ProblemList& problems) {
  auto opened = open_stored(places);
  problems.set(node_state::kUnreadableSettings,
               opened ? "" : opened.error().describe() + "; the node runs with defaults and accepts no changes");
  if (opened) return *std::move(opened);
  auto empty = datastore::Datastore::open(std::make_unique<datastore::MemoryStorage>(), wall_clock);
  return {.store = *std::move(empty), .writable = false};  // memory cannot fail
}

NodeFacts find_facts(const Places& places, ProblemList& problems) {
  NodeFacts found;
  intake::Inputs inputs;
  inputs.machine_id = trim(text_of(places.root / "etc/machine-id"));
  inputs.addresses = addresses();
  // Written by a program that is not root.
  const std::string text = sys::read_file_no_link(places.facts, kLargestFile).value_or("");
  auto facts = text.empty() ? user_data::CloudFacts() : user_data::parse_facts(text);
  problems.set("facts", facts ? "" : facts.error().describe());
  if (facts) inputs.facts = *std::move(facts);
  found.generated = intake::generated(inputs);
  const std::string os_release = text_of(places.root / "usr/lib/os-release");
  found.facts = {
      .machine_id = inputs.machine_id,
      .hostname = intake::hostname(inputs.facts, inputs.machine_id),
      .product = slots::os_release_value(os_release, "NAME"),
      .version = slots::os_release_value(os_release, "VERSION_ID"),
      .variant = slots::os_release_value(os_release, "VARIANT_ID"),
      .region = intake::region(inputs.facts).value_or(""),
      .node_address = intake::node_address(inputs.facts, inputs.addresses, inputs.primary).value_or(""),
      .base_certificates = text_of(places.root / "usr/share/factory/etc/bulkhead/ssl/certs/ca-certificates.crt")};
  return found;
}

namespace {

// How many refused settings are problems of their own. Whoever writes to STATE can leave any number of them, and each
// problem is a line of the journal, of the console and of every answer about the node's health.
constexpr std::size_t kMostNamed = 20;

// What ends the refusal of a stored setting.
std::string remedy(const Key& key) {
  const std::string name = key.to_string();
  const std::string unset = std::format("apiclient unset {}", name.contains('"') ? '\'' + name + '\'' : name);
  if (!settings::find(settings::Settings::shape(), key)) return "remove it: " + unset;
  return std::format("set {} to a valid value, or: {}", name, unset);
}

// From the names of problems to their texts.
std::map<std::string, std::string> problems_of(const configuration::LeftOut& left_out) {
  const std::string beginning(node_state::kRefusedSetting);
  std::map<std::string, std::string> problems;
  const std::span all(left_out.refusals);
  for (const configuration::Refusal& refusal : all.first(std::min(all.size(), kMostNamed))) {
    problems[beginning + refusal.key.to_string()] =
        std::format("is stored, but not in effect: {}; {}", refusal.reason.describe(), remedy(refusal.culprit));
  }
  const auto others =
      std::ranges::count_if(left_out.settings, [](const auto& setting) { return setting.second >= kMostNamed; });
  if (others > 0) {
    // No key is written so: '(' needs quotes.
    problems[beginning + "(others)"] =
        std::format("{} more {} stored, but not in effect; they are named as those before them are set or unset",
                    others, others == 1 ? "setting is" : "settings are");
  }
  return problems;
}

void commit_user_data(bool apply, configuration::Configuration& configuration, UserDataIntake& user_data,
                      configuration::Done done) {
  configuration.commit(
      {.transaction = kUserDataTransaction, .caller = UserDataIntake::caller(), .apply = apply},
      [&user_data, outcomes = user_data.outcomes(), done = std::move(done)](const Result<ChangeOutcome>& outcome) {
        if (outcome)
          user_data.applied(outcomes);
        else
          user_data.refused(outcome.error(), outcomes);
        done(outcome);
      });
}

}  // namespace

void report_configuration(const configuration::Configuration& configuration, bool applied, ProblemList& problems) {
  if (applied) problems.set(node_state::kFailedConfiguration, "");
  problems.set_all(node_state::kRefusedSetting, problems_of(configuration.left_out()));
}

void apply_first_settings(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
                          const log::Log& log, ProblemList& problems) {
  NodeFacts found = find_facts(places, problems);
  configuration.set_facts(std::move(found.generated), std::move(found.facts));
  if (user_data.stage()) commit_user_data(false, configuration, user_data, [](const Result<ChangeOutcome>&) {});
  user_data.mark_settled();
  store_seed(configuration, problems);
  const auto applied = configuration.apply_now();
  problems.set(node_state::kFailedConfiguration, applied ? "" : applied.error().describe());
  report_configuration(configuration, applied.has_value(), problems);
  if (applied) log.info("{} configuration files were written", applied->applied.files.size());
}

void take_in_again(const Places& places, configuration::Configuration& configuration, UserDataIntake& user_data,
                   ProblemList& problems, configuration::Done done, std::string_view accepted) {
  NodeFacts found = find_facts(places, problems);
  configuration.set_facts(std::move(found.generated), std::move(found.facts));
  if (!user_data.stage(accepted)) {
    configuration.apply({}, [&user_data, done = std::move(done)](const Result<ChangeOutcome>& outcome) {
      if (!outcome && outcome.error().code == ErrorCode::locked) user_data.postpone();
      done(outcome);
    });
    return;
  }
  commit_user_data(true, configuration, user_data, std::move(done));
}

}  // namespace bulkhead::daemon
