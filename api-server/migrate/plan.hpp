// What a migration writes, as a value: decided from what is there, before anything is touched. See decision 0005.
//
// A plan is a list of files, each of which replaces one of the same name durably and as a whole (rename). Power may go
// away between any two: whatever beginning of the list was done, planning again from there ends in the same state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api-server/migrate/steps.hpp"

namespace bulkhead::migrate {

// In the place of a model version: no boot has been blessed yet.
inline constexpr int kNothingGood = 0;

// Which file holds the settings that count.
struct Lineage {
  int good = kNothingGood;        // the model version of the last blessed boot: where settings come from
  std::optional<int> trial{};     // the one that is being tried on top of it; its file was made from the good one
  std::optional<int> way_back{};  // the one before the good one, whose file is kept up to date for a return

  bool operator==(const Lineage&) const = default;
};

std::string to_text(const Lineage& lineage);
// Nothing when the text is no lineage.
std::optional<Lineage> parse_lineage(std::string_view text);

// What stands in the directory.
struct StoredFiles {
  std::optional<Lineage> lineage;
  // settings-<model version>, with its content if it is that of version_to_read().
  std::map<int, std::optional<std::string>> files;
};

struct Write {
  std::string name;
  std::string content;

  bool operator==(const Write&) const = default;
};

enum class Origin {
  fresh,         // there were no settings
  same,          // of this model version already
  trial,         // made by an earlier boot of this trial
  forward,       // made just now from those of an older model version
  backward,      // made just now from those of a newer one, whose steps are known
  written_back,  // left for this version by a newer one
};
std::string_view to_string(Origin origin);

struct MigrationPlan {
  std::vector<Write> writes;
  Origin origin = Origin::same;
  int from = 0;  // the model version that the settings come from
};

std::string file_name(int model_version);
inline constexpr std::string_view kLineageFile = "settings-lineage";

// The model version whose file plan_migration() reads; nothing when it reads none.
std::optional<int> version_to_read(const StoredFiles& state, int model_version, std::span<const Step> steps);
// Errors: those of walk() and of the datastore; failed_precondition when settings are newer than anything that this
// version can read.
Result<MigrationPlan> plan_migration(const StoredFiles& state, int model_version, std::span<const Step> steps);
// The running version is good.
std::vector<Write> plan_blessing(const StoredFiles& state, int model_version);
// Settings of the good version for the one before it; nothing when there is none.
Result<std::vector<Write>> plan_way_back(const Lineage& lineage, const settings::Flat& live, std::uint64_t last_commit,
                                         std::span<const Step> steps);

}  // namespace bulkhead::migrate
