#include "os-builder/packages/package_set.hpp"

#include <algorithm>
#include <filesystem>
#include <ranges>

#include "lib/base/text.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/file_lock.hpp"
#include "os-builder/packages/apt_download.hpp"
#include "os-builder/packages/apt_index.hpp"
#include "os-builder/packages/closure.hpp"

namespace bulkhead::packages {

namespace {

// One build at a time changes the cache; a second one says that it waits.
Result<sys::FileLock> lock_cache(const ArchiveOptions& archive, const OnProgress& progress) {
  TRY(sys::create_directories(archive.cache_dir));
  const sys::Path path = archive.cache_dir / "packages-cache.lock";
  auto lock = sys::FileLock::try_acquire(path);
  if (lock || lock.error().code != ErrorCode::aborted) return lock;
  if (progress) progress(0, "waiting for another build that uses the package cache");
  return sys::FileLock::acquire(path);
}

sys::Path stored_path(const ArchiveOptions& archive, const Package& package) {
  return archive.cache_dir / "debs" / (package.sha256.to_string() + ".deb");
}

bool intact(const sys::Path& path, const Package& package) {
  const auto size = sys::file_size(path);
  if (!size || *size != package.size) return false;
  const auto digest = crypto::sha256_file(path);
  return digest && *digest == package.sha256;
}

// What the cache lacks. Damaged files are removed and count as missing.
Result<std::vector<Package>> missing_files(const PackageSet& set, const ArchiveOptions& archive) {
  std::vector<Package> missing;
  for (const Package& package : set.packages) {
    const sys::Path path = stored_path(archive, package);
    if (intact(path, package)) continue;
    TRY(sys::remove_all(path));
    missing.push_back(package);
  }
  return missing;
}

Error not_in_cache(const std::vector<Package>& missing) {
  std::string names;
  for (const Package& package : missing | std::views::take(3)) {
    names += std::format("{}{} {}", names.empty() ? "" : ", ", package.name, package.version);
  }
  if (missing.size() > 3) names += std::format(" and {} more", missing.size() - 3);
  return error(ErrorCode::not_found, "the cache lacks {}", names).with_hint("run once without --offline");
}

// Moves a download into the cache, or refuses it. Files in the cache are checked at every use, so that a power cut
// needs no fsync.
Result<> accept(const sys::Path& arrived, const Package& package, const ArchiveOptions& archive) {
  if (!intact(arrived, package)) {
    TRY(sys::remove_all(arrived));
    return fail(error(ErrorCode::verification_failed, "{} {} does not match the digest that the archive signed",
                      package.name, package.version)
                    .with_hint("try again, or use another mirror"));
  }
  return sys::rename(arrived, stored_path(archive, package));
}

}  // namespace

std::string deb_file_name(const Package& package) {
  std::string version;
  for (const char c : package.version) version += c == ':' ? std::string("%3a") : std::string(1, c);
  return std::format("{}_{}_{}.deb", package.name, version, package.architecture);
}

Result<std::int64_t> parse_source_date_epoch(std::string_view text) {
  const auto seconds = parse_integer<std::int64_t>(text);
  if (!seconds || *seconds < 0 || *seconds > kMaxEpoch) {
    return fail(
        error(ErrorCode::invalid_argument, "SOURCE_DATE_EPOCH: '{}' is not a number of seconds since 1970", text)
            .with_hint("use, for example, the output of 'date +%s'; or unset it"));
  }
  return *seconds;
}

Result<PackageSet> resolve(const variant::Variant& variant, const ArchiveOptions& archive, const OnProgress& progress) {
  const sys::FileLock lock = TRY(lock_cache(archive, progress));
  AptSession session = TRY(AptSession::open(archive));
  if (!archive.offline) TRY_CTX(session.refresh(archive, progress), "refreshing the package lists");
  PackageSet set;
  const std::int64_t date = TRY(session.newest_release_date());
  set.source_date_epoch = archive.source_date_epoch.value_or(date);

  AptIndex index = TRY(AptIndex::open(session));
  Reasons wanted = variant.packages;
  if (!variant.kernel_package.empty()) wanted.emplace(variant.kernel_package, "the kernel");
  const Reasons reasons = TRY(closure(index, wanted, variant.excluded_packages));
  for (const auto& [name, reason] : reasons) {
    Package package = TRY(index.details(name));
    package.reason = reason;
    set.packages.push_back(std::move(package));
  }
  return set;
}

Result<std::vector<sys::Path>> fetch(const PackageSet& set, const ArchiveOptions& archive, const OnProgress& progress) {
  const sys::FileLock lock = TRY(lock_cache(archive, progress));
  const std::vector<Package> missing = TRY(missing_files(set, archive));
  if (!missing.empty()) {
    if (archive.offline) return fail(not_in_cache(missing));
    const sys::Path partial = archive.cache_dir / "debs/partial";
    TRY(sys::create_directories(partial));
    AptSession session = TRY(AptSession::open(archive));
    TRY(download(session, missing, partial, progress));
    for (const Package& package : missing) {
      TRY(accept(partial / (package.sha256.to_string() + ".deb"), package, archive));
    }
    TRY(sys::remove_all(partial));  // also leftovers of interrupted downloads of other sets
  }
  std::vector<sys::Path> paths;
  for (const Package& package : set.packages) paths.push_back(stored_path(archive, package));
  return paths;
}

}  // namespace bulkhead::packages
