// The datastore's file of each model version, on STATE: which one to open, how it is made, and how it is kept ready for
// a return. docs/decisions/0005-migrations.md has the reasons.
//
//   settings-<N>       the datastore of model version N (docs/formats/datastore.md)
//   settings-lineage   which of them counts (plan.hpp)
//
// Nothing is changed in place: files are replaced as a whole, and the good version's settings stay unchanged until the
// running version is blessed.
#pragma once

#include "api-server/migrate/plan.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::migrate {

struct Opened {
  sys::Path path;  // for datastore::FileStorage; missing when there are no settings yet
  Origin origin = Origin::same;
  int from = 0;
};

// Before the datastore is opened. Errors: those of plan_migration() and of the file system; the good version's settings
// are unchanged then.
Result<Opened> migrate(const sys::Path& directory, int model_version, std::span<const Step> steps);

// The running version is good (boot-complete.target was reached): from now on its settings are the good ones. Called at
// every boot. Durable. Writes nothing when this is recorded already.
Result<> bless(const sys::Path& directory, int model_version);

// After bless() and after every commit, once it has been answered: writes the live settings back for the previous
// version, which does not know our steps. True when there is such a version and its file was replaced. Writes nothing
// when `model_version` is not the good one: until then the old file stays as it was.
Result<bool> write_back(const sys::Path& directory, int model_version, const settings::Flat& live,
                        std::uint64_t last_commit, std::span<const Step> steps);

}  // namespace bulkhead::migrate
