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
#include "os-builder/packages/suites.hpp"

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

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Without this, a missing suite would only mean older packages.
Result<> check_suites(const Suites& suites, const std::vector<Release>& releases, const sys::Path& sources) {
  std::vector<std::string> configured;
  for (const Release& release : releases) {
    if (!std::ranges::contains(configured, release.suite)) configured.push_back(release.suite);
  }
  const auto missing = [&](const std::string& suite, const std::string& what) {
    return fail(
        error(ErrorCode::failed_precondition, "the sources in {} have no suite '{}', {}; they have {}",
              sources.native(), suite, what, joined(configured))
            .with_hint(std::format(
                "add a line for {} to the sources there (tools/sdk makes those of the SDK); suites are known by "
                "their codename",
                suite)));
  };
  for (const std::string& suite : suites.base()) {
    if (!std::ranges::contains(configured, suite)) return missing(suite, "which is in packages.suites");
  }
  for (const auto& [name, from] : suites.named()) {
    if (std::ranges::contains(configured, from.suite)) continue;
    return missing(from.suite, std::format("which {} comes from", name));
  }
  return {};
}

// Each package that is named for another suite is there, and newer than in the variant's own suites.
Result<> check_named(const Suites& suites, AptIndex& index) {
  for (const auto& [name, from] : suites.named()) {
    const Candidate* candidate = index.find(name);
    const std::vector<Offer> offers = index.offers(name);
    const auto own = std::ranges::find(offers, true, &Offer::base);
    if (candidate == nullptr) {
      Error reason =
          error(ErrorCode::invalid_argument, "packages.from.{0}: {0} has no package '{1}'", from.suite, name);
      reason.hint = own != offers.end() ? std::format("remove the entry: {} has {} {}", own->suite, name, own->version)
                                        : "remove the entry, or correct the name";
      return fail(std::move(reason));
    }
    if (own == offers.end() || compare_versions(own->version, candidate->version) < 0) continue;
    return fail(error(ErrorCode::invalid_argument, "packages.from.{}: {} has {} {}, and {} has {}, which is not newer",
                      from.suite, own->suite, name, own->version, from.suite, candidate->version)
                    .with_hint("remove the entry, so that the package comes from the variant's own suites"));
  }
  return {};
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
  const Suites suites(variant);
  const std::vector<Release> releases = TRY(session.releases());
  TRY(check_suites(suites, releases, archive.sources));
  PackageSet set;
  std::int64_t date = 0;
  for (const Release& release : releases) {
    if (suites.is_base(release.suite)) date = std::max(date, release.date);
  }
  set.source_date_epoch = archive.source_date_epoch.value_or(date);

  AptIndex index = TRY(AptIndex::open(session, suites));
  TRY(check_named(suites, index));
  Reasons wanted = variant.packages;
  if (!variant.kernel_package.empty()) wanted.emplace(variant.kernel_package, "the kernel");
  const Reasons reasons = TRY(closure(index, wanted, variant.excluded_packages));
  for (const auto& [name, reason] : reasons) {
    Package package = TRY(index.details(name));
    package.reason = reason;
    if (const auto named = suites.named().find(name); named != suites.named().end())
      package.suite_reason = named->second.reason;
    set.packages.push_back(std::move(package));
  }
  for (const auto& [name, from] : suites.named()) {
    if (reasons.contains(name)) continue;
    return fail(error(ErrorCode::invalid_argument, "packages.from.{}: '{}' is not installed", from.suite, name)
                    .with_hint("remove the entry, or name the package in packages.install as well"));
  }
  for (const auto& [name, lowest] : variant.minimum_versions) {
    if (reasons.contains(name)) continue;
    return fail(error(ErrorCode::invalid_argument, "packages.minimum: '{}' is not installed", name)
                    .with_hint("remove the entry, or name the package in packages.install as well"));
  }
  if (const auto old = below_minimum(set, variant)) {
    return fail(error(ErrorCode::failed_precondition, "the archive {}", *old)
                    .with_hint("use another mirror: this one may hold updates back; or correct [packages.minimum]"));
  }
  return set;
}

std::optional<std::string> below_minimum(const PackageSet& set, const variant::Variant& variant) {
  for (const auto& [name, lowest] : variant.minimum_versions) {
    const auto package = std::ranges::find(set.packages, name, &Package::name);
    if (package == set.packages.end()) {
      return std::format("lacks the package {}, which packages.minimum names", name);
    }
    if (compare_versions(package->version, lowest) >= 0) continue;
    return std::format("has {} {}, older than {}, the lowest version in packages.minimum", name, package->version,
                       lowest);
  }
  return {};
}

Result<ArchiveNews> look_for_newer(const PackageSet& set, const ArchiveOptions& archive, const OnProgress& progress) {
  const sys::FileLock lock = TRY(lock_cache(archive, progress));
  AptSession session = TRY(AptSession::open(archive));
  if (!archive.offline) TRY_CTX(session.refresh(archive, progress), "refreshing the package lists");
  ArchiveNews news;
  news.releases = TRY(session.releases());
  AptIndex index = TRY(AptIndex::open(session, Suites(variant::Variant())));
  for (const Package& package : set.packages) {
    std::vector<Package> newer = TRY(index.newer(package.name, package.version));
    if (!newer.empty()) news.packages.push_back({.current = package, .newer = std::move(newer)});
  }
  return news;
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
