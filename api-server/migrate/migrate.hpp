// The datastore's file of each model version, on STATE: which one to open, made when it is missing, and kept ready for
// a way back. docs/decisions/0005-migrations.md says why it is done this way.
//
//   settings-<N>       the datastore of model version N (docs/formats/datastore.md)
//   settings-lineage   which of them counts (plan.hpp)
//
// Nothing is ever changed in place: files are replaced as a whole, and the settings that count stay what they were
// until the running version is blessed.
#pragma once

#include "api-server/migrate/plan.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::migrate {

struct Opened {
  sys::Path path;  // for datastore::FileStorage; missing when there are no settings yet
  Origin origin = Origin::same;
  int from = 0;
};

// Before the datastore is opened. Errors: those of plan_migration() and of the file system; then nothing that counts
// has changed.
Result<Opened> migrate(const sys::Path& directory, int model_version, std::span<const Step> steps);

// When the running version is good, at every boot (boot-complete.target reached, so that it will not be given up): from
// now on its settings are those that count. Durable. Nothing is written when that is known already.
Result<> bless(const sys::Path& directory, int model_version);

// After bless() and after every commit, when its answer has been given: leaves the live settings for the version
// before, which cannot know our steps. True when there is such a version and its file was replaced. Nothing is written
// when `model_version` is not the good one: until then the old file stays as it was.
Result<bool> write_back(const sys::Path& directory, int model_version, const settings::Flat& live,
                        std::uint64_t last_commit, std::span<const Step> steps);

}  // namespace bulkhead::migrate
