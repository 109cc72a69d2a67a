#include "api-server/migrate/plan.hpp"

#include "api-server/datastore/datastore.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::migrate {
namespace {

using settings::Flat;
using settings::Json;

constexpr int kFormat = 1;

Write lineage_write(const Lineage& lineage) { return {.name = std::string(kLineageFile), .content = to_text(lineage)}; }

Write settings_write(int model_version, Flat values, std::uint64_t last_commit) {
  return {.name = file_name(model_version),
          .content = datastore::to_line(datastore::Base{.id = last_commit, .values = std::move(values)})};
}

// The live settings of a file, migrated to another version. The original is only read; a torn last record is ignored.
Result<Write> rewritten(const std::string& content, int from, int to, std::span<const Step> steps) {
  const auto store =
      TRY_CTX(datastore::Datastore::open(std::make_unique<datastore::MemoryStorage>(content),
                                         [] { return std::chrono::sys_time<std::chrono::milliseconds>(); }),
              "reading {}", file_name(from));
  Flat migrated = TRY(walk(store.live(), from, to, steps));
  return settings_write(to, std::move(migrated), store.last_commit());
}

// Without a record (nothing was ever stored, or the record was lost), the file of this version is used, else the newest
// older one, else the oldest newer one.
std::optional<int> likely_good(const std::map<int, std::optional<std::string>>& files, int model_version) {
  if (files.empty()) return std::nullopt;
  const auto behind = files.upper_bound(model_version);
  return behind == files.begin() ? behind->first : std::prev(behind)->first;
}

Result<MigrationPlan> made_from(const StoredFiles& state, Lineage lineage, int model_version,
                                std::span<const Step> steps) {
  const auto source = state.files.find(lineage.good);
  MigrationPlan plan{
      .writes = {}, .origin = lineage.good < model_version ? Origin::forward : Origin::backward, .from = lineage.good};
  // A lost record is written first: without it the new file would look like the good one.
  if (!state.lineage) plan.writes.push_back(lineage_write(lineage));
  if (source == state.files.end()) {
    // The good version stored nothing. The file of another trial must not be used either.
    if (!leads(lineage.good, model_version, steps))
      return fail(ErrorCode::failed_precondition,
                  "the settings have model version {}, which is newer than version {} can read", lineage.good,
                  model_version);
    plan.writes.push_back(settings_write(model_version, {}, 0));
  } else if (const std::optional<std::string>& content = source->second; !content) {
    return fail(ErrorCode::internal, "{} was not read", file_name(lineage.good));
  } else {
    Write write = TRY(rewritten(*content, lineage.good, model_version, steps));
    plan.writes.push_back(std::move(write));
  }
  lineage.trial = model_version;
  plan.writes.push_back(lineage_write(lineage));
  return plan;
}

std::optional<std::optional<int>> optional_version(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::optional<int>();
  if (!found->is_number_integer()) return std::nullopt;
  return std::optional<int>(found->get<int>());
}

}  // namespace

std::string file_name(int model_version) { return std::format("settings-{}", model_version); }

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::fresh: return "fresh";
    case Origin::same: return "same";
    case Origin::trial: return "trial";
    case Origin::forward: return "forward";
    case Origin::backward: return "backward";
    case Origin::written_back: return "written back";
  }
  return "unknown";
}

std::string to_text(const Lineage& lineage) {
  Json json = {{"format", kFormat}, {"good", lineage.good}};
  if (lineage.trial) json["trial"] = *lineage.trial;
  if (lineage.way_back) json["way-back"] = *lineage.way_back;
  return json.dump() + '\n';
}

std::optional<Lineage> parse_lineage(std::string_view text) {
  const Json json = codec::parse_json(text).value_or(Json());
  if (!json.is_object() || json.value("format", Json()) != kFormat || !json.contains("good") ||
      !json["good"].is_number_integer())
    return std::nullopt;
  const auto trial = optional_version(json, "trial");
  const auto way_back = optional_version(json, "way-back");
  if (!trial || !way_back) return std::nullopt;
  return Lineage{.good = json["good"].get<int>(), .trial = *trial, .way_back = *way_back};
}

namespace {

bool is_first(const StoredFiles& state) {
  return state.lineage ? state.lineage->good == kNothingGood : state.files.empty();
}

Lineage lineage_of(const StoredFiles& state, int model_version) {
  if (state.lineage) return *state.lineage;
  return {.good = likely_good(state.files, model_version).value_or(model_version)};
}

// The first settings of a node, made by a version that was never blessed: another version that starts instead begins
// anew, as on an empty STATE.
MigrationPlan plan_first(const StoredFiles& state, int model_version) {
  const bool there = state.files.contains(model_version);
  MigrationPlan plan{.writes = {}, .origin = there ? Origin::trial : Origin::fresh, .from = model_version};
  const Lineage lineage{.good = kNothingGood, .trial = model_version};
  if (state.lineage != lineage) plan.writes.push_back(lineage_write(lineage));
  return plan;
}

}  // namespace

std::optional<int> version_to_read(const StoredFiles& state, int model_version, std::span<const Step> steps) {
  if (is_first(state)) return std::nullopt;
  const Lineage lineage = lineage_of(state, model_version);
  const bool is_made = lineage.trial == model_version && state.files.contains(model_version);
  if (lineage.good == model_version || is_made || !state.files.contains(lineage.good)) return std::nullopt;
  return leads(lineage.good, model_version, steps) ? std::optional(lineage.good) : std::nullopt;
}

Result<MigrationPlan> plan_migration(const StoredFiles& state, int model_version, std::span<const Step> steps) {
  if (is_first(state)) return plan_first(state, model_version);
  Lineage lineage = lineage_of(state, model_version);
  const bool there = state.files.contains(model_version);
  if (lineage.good == model_version) {
    MigrationPlan plan{.writes = {}, .origin = there ? Origin::same : Origin::fresh, .from = model_version};
    // The previous trial has failed: its file is made anew the next time.
    const bool stale = lineage.trial.has_value();
    lineage.trial.reset();
    if (!state.lineage || stale) plan.writes.push_back(lineage_write(lineage));
    return plan;
  }
  if (lineage.trial == model_version && there)
    return MigrationPlan{.writes = {}, .origin = Origin::trial, .from = lineage.good};
  if (leads(lineage.good, model_version, steps)) {
    auto plan = made_from(state, lineage, model_version, steps);
    const bool kept = lineage.way_back == model_version && there;
    if (plan || !kept) return plan;
  }
  // A newer version, unknown to this one, wrote its settings back in this version's form.
  if (model_version < lineage.good && there) {
    const int from = lineage.good;
    lineage.trial = model_version;
    return MigrationPlan{.writes = {lineage_write(lineage)}, .origin = Origin::written_back, .from = from};
  }
  return fail(error(ErrorCode::failed_precondition,
                    "the settings have model version {}; this system has model version {} and no steps between them",
                    lineage.good, model_version)
                  .with_hint("boot the version that wrote them, or one that can migrate them"));
}

std::vector<Write> plan_blessing(const StoredFiles& state, int model_version) {
  if (!state.lineage) return {lineage_write({.good = model_version})};
  if (state.lineage->good == model_version) return {};
  if (state.lineage->good == kNothingGood) return {lineage_write({.good = model_version})};
  return {lineage_write({.good = model_version, .way_back = state.lineage->good})};
}

Result<std::vector<Write>> plan_way_back(const Lineage& lineage, const Flat& live, std::uint64_t last_commit,
                                         std::span<const Step> steps) {
  // A newer version migrates settings when it starts; only older versions need a write-back.
  if (!lineage.way_back || *lineage.way_back >= lineage.good) return std::vector<Write>{};
  Flat values = TRY(walk(live, lineage.good, *lineage.way_back, steps));
  return std::vector<Write>{settings_write(*lineage.way_back, std::move(values), last_commit)};
}

}  // namespace bulkhead::migrate
