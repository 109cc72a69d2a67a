#include "os-builder/build/workspace.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.hpp"

namespace bulkhead::build {
namespace {

Result<sys::Path> find_source(const sys::Path& working_directory) {
  for (sys::Path candidate = working_directory;; candidate = candidate.parent_path()) {
    if (sys::exists(candidate / "variants") && sys::exists(candidate / "os-builder/rootfs/overlay")) return candidate;
    if (candidate == candidate.parent_path()) break;
  }
  return fail(error(ErrorCode::not_found, "{} is not inside a Bulkhead checkout", working_directory.native())
                  .with_hint("change to a directory of the checkout, or use --source DIR"));
}

Result<sys::Path> under_home(const Environment& environment, const char* below) {
  if (!environment.home) {
    return fail(error(ErrorCode::failed_precondition, "cannot find ~/{}: HOME is not set", below)
                    .with_hint("set HOME, or BULKHEAD_CACHE and BULKHEAD_KEYS"));
  }
  return sys::Path(*environment.home) / below;
}

}  // namespace

Result<Workspace> find_workspace(const Environment& environment, const sys::Path& working_directory) {
  Workspace workspace;
  workspace.source = TRY(find_source(working_directory));
  std::error_code status;
  const sys::Path self = std::filesystem::read_symlink("/proc/self/exe", status);
  if (status) return fail(errno_error(status.value(), "finding this program's own path"));
  workspace.programs = self.parent_path().parent_path() / "node";
  workspace.cache = TRY(default_cache(environment));
  workspace.keys = TRY(default_keys(environment));
  workspace.sources = "/etc/apt";
  return workspace;
}

Result<sys::Path> default_keys(const Environment& environment) {
  if (environment.keys) return sys::Path(*environment.keys);
  return under_home(environment, ".config/bulkhead/keys");
}

Result<sys::Path> default_cache(const Environment& environment) {
  if (environment.cache) return sys::Path(*environment.cache);
  return under_home(environment, ".cache/bulkhead");
}

Result<> check_cache(const sys::Path& cache) {
  if (!sys::exists(cache)) return {};
  std::vector<sys::Path> directories = TRY(sys::list_directory(cache));
  std::erase_if(directories, [](const sys::Path& path) { return !std::filesystem::is_directory(path); });
  directories.push_back(cache);
  for (const sys::Path& directory : directories) {
    struct stat status{};
    if (::stat(directory.c_str(), &status) < 0) return fail_errno("looking at {}", directory.native());
    const bool ours = status.st_uid == ::geteuid() || status.st_uid == 0;
    if (S_ISDIR(status.st_mode) && ours && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0) continue;
    return fail(
        error(ErrorCode::permission_denied,
              "other users can write to {}, so the cache cannot be used for signed images", directory.native())
            .with_hint(std::format("use another cache, or empty this one and run: chmod go-w {}", directory.native())));
  }
  return {};
}

Result<std::optional<std::int64_t>> source_date_epoch(const Environment& environment) {
  if (!environment.source_date_epoch) return std::nullopt;
  const auto seconds = parse_integer<std::int64_t>(*environment.source_date_epoch);
  // FAT has the smallest range of the formats that we write: 1980 to 2107.
  static constexpr std::int64_t kEarliest = 315'532'800;
  static constexpr std::int64_t kLatest = 4'354'819'198;
  if (!seconds || *seconds < kEarliest || *seconds > kLatest) {
    return fail(error(ErrorCode::invalid_argument,
                      "SOURCE_DATE_EPOCH is '{}', which is not a time that an image can store",
                      *environment.source_date_epoch)
                    .with_hint("set it to seconds since 1970, between the years 1980 and 2107, or unset it"));
  }
  return *seconds;
}

}  // namespace bulkhead::build
