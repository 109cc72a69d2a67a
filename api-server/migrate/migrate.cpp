#include "api-server/migrate/migrate.hpp"

#include "api-server/datastore/storage.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::migrate {
namespace {

constexpr mode_t kMode = 0600;
constexpr std::uint64_t kLargestLineage = 4096;
constexpr std::string_view kPrefix = "settings-";
constexpr std::size_t kMostNames = 4096;

Result<std::optional<Lineage>> read_lineage(const sys::Path& directory) {
  const auto text = sys::read_file(directory / kLineageFile, kLargestLineage);
  if (text) return parse_lineage(*text);
  if (text.error().code == ErrorCode::not_found || text.error().code == ErrorCode::failed_precondition)
    return std::nullopt;
  return fail(text.error());
}

// The model versions that have a file.
Result<std::vector<int>> versions_in(const sys::Path& directory) {
  std::vector<int> versions;
  std::error_code status;
  std::size_t count = 0;
  auto entry = std::filesystem::directory_iterator(directory, status);
  for (; !status && entry != std::filesystem::directory_iterator(); entry.increment(status)) {
    if (++count > kMostNames)
      return fail(ErrorCode::failed_precondition, "{} has more than {} entries", directory.native(), kMostNames);
    const std::string name = entry->path().filename().native();
    if (!name.starts_with(kPrefix)) continue;
    const auto version = parse_integer<int>(std::string_view(name).substr(kPrefix.size()));
    if (version && file_name(*version) == name) versions.push_back(*version);  // no temporary file, not the lineage
  }
  if (status) return fail(errno_error(status.value(), "listing {}", directory.native()));
  return versions;
}

// Whoever can write to the disk can leave any number of files there: only one of them is read.
Result<StoredFiles> read_state(const sys::Path& directory, int model_version, std::span<const Step> steps) {
  StoredFiles state;
  state.lineage = TRY(read_lineage(directory));
  if (state.lineage) {
    for (const int version : {state.lineage->good, model_version}) {
      if (sys::exists(directory / file_name(version))) state.files[version];
    }
  } else {
    const std::vector<int> versions = TRY(versions_in(directory));
    for (const int version : versions) state.files[version];
  }
  if (const auto source = version_to_read(state, model_version, steps))
    state.files[*source] = TRY(sys::read_file_no_link(directory / file_name(*source), datastore::kLargestFile));
  return state;
}

Result<> write_all(const sys::Path& directory, const std::vector<Write>& writes) {
  for (const Write& write : writes) TRY(sys::write_file_atomically(directory / write.name, write.content, kMode));
  return {};
}

}  // namespace

Result<Opened> migrate(const sys::Path& directory, int model_version, std::span<const Step> steps) {
  const StoredFiles state = TRY_CTX(read_state(directory, model_version, steps), "looking for settings");
  const MigrationPlan plan = TRY_CTX(plan_migration(state, model_version, steps), "migrating settings");
  TRY_CTX(write_all(directory, plan.writes), "migrating settings");
  return Opened{.path = directory / file_name(model_version), .origin = plan.origin, .from = plan.from};
}

Result<> bless(const sys::Path& directory, int model_version) {
  StoredFiles state;
  state.lineage = TRY(read_lineage(directory));
  return write_all(directory, plan_blessing(state, model_version));
}

Result<bool> write_back(const sys::Path& directory, int model_version, const settings::Flat& live,
                        std::uint64_t last_commit, std::span<const Step> steps) {
  const auto lineage = TRY(read_lineage(directory));
  if (!lineage || lineage->good != model_version) return false;
  const auto writes =
      TRY_CTX(plan_way_back(*lineage, live, last_commit, steps), "writing settings back for the previous version");
  TRY(write_all(directory, writes));
  return !writes.empty();
}

}  // namespace bulkhead::migrate
