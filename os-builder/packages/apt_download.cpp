#include "os-builder/packages/apt_download.hpp"

#include <apt-pkg/acquire-item.h>
#include <apt-pkg/acquire.h>
#include <apt-pkg/error.h>
#include <apt-pkg/hashes.h>
#include <apt-pkg/metaindex.h>
#include <apt-pkg/sourcelist.h>

#include <algorithm>
#include <filesystem>
#include <list>

#include "os-builder/packages/apt_log.hpp"

namespace bulkhead::packages {

namespace {

struct Wanted {
  const Package* package;
  std::vector<std::string> addresses;  // best first
  std::optional<Error> error;          // of the last attempt
};

std::vector<std::string> addresses_of(const Package& package, pkgSourceList& sources) {
  std::vector<std::string> own;
  std::vector<std::string> others;
  for (metaIndex* source : sources) {
    const bool is_own = source->GetDist() == package.suite || source->GetCodename() == package.suite;
    std::string address = source->ArchiveURI(package.filename);
    (is_own ? own : others).push_back(std::move(address));
  }
  for (std::string& address : others) {
    if (std::ranges::find(own, address) == own.end()) own.push_back(std::move(address));
  }
  return own;
}

// A file: source makes a symlink to its own file, which may change at any time.
Result<> own_bytes(const sys::Path& path) {
  std::error_code status;
  if (!std::filesystem::is_symlink(path, status)) return {};
  const sys::Path target = std::filesystem::read_symlink(path, status);
  std::filesystem::remove(path, status);
  if (!status) std::filesystem::copy_file(target, path, status);
  if (status) return fail(errno_error(status.value(), "copying {}", target.native()));
  return {};
}

// One round: each package from its n-th address. Packages that arrived leave the list.
Result<> attempt(std::list<Wanted>& wanted, std::size_t round, const sys::Path& directory, const OnProgress& progress) {
  AptLog log(progress);
  pkgAcquire fetcher(&log);
  std::vector<std::pair<std::list<Wanted>::iterator, const pkgAcqFile*>> items;
  for (auto entry = wanted.begin(); entry != wanted.end(); ++entry) {
    const Package& package = *entry->package;
    HashStringList hashes;
    hashes.push_back(HashString("SHA256", package.sha256.to_string()));
    const std::string& address = entry->addresses[std::min(round, entry->addresses.size() - 1)];
    const sys::Path target = directory / (package.sha256.to_string() + ".deb");
    // The fetcher owns its items.
    items.emplace_back(entry, new pkgAcqFile(&fetcher, address, hashes, package.size, address,
                                             std::format("{} {}", package.name, package.version), "", target.native()));
  }
  fetcher.Run(AptLog::kPulse);
  _error->Discard();  // the items say the same
  for (const auto& [entry, item] : items) {
    entry->error = failure_of(*item);
    if (entry->error) continue;
    TRY(own_bytes(item->DestFile));
    wanted.erase(entry);
  }
  return {};
}

}  // namespace

Result<> download(AptSession& session, const std::vector<Package>& packages, const sys::Path& directory,
                  const OnProgress& progress) {
  std::list<Wanted> wanted;
  std::size_t rounds = 0;
  for (const Package& package : packages) {
    wanted.push_back({&package, addresses_of(package, session.sources()), std::nullopt});
    rounds = std::max(rounds, wanted.back().addresses.size());
  }
  for (std::size_t round = 0; round < rounds && !wanted.empty(); ++round) {
    TRY(attempt(wanted, round, directory, progress));
  }
  if (wanted.empty()) return {};
  const Wanted& first = wanted.front();
  Error reason = first.error.value_or(error(ErrorCode::not_found, "{} has no download address", first.package->name));
  if (wanted.size() > 1) reason.message += std::format(" (and {} more packages)", wanted.size() - 1);
  if (reason.code == ErrorCode::not_found) {
    reason.hint =
        std::format("the archive no longer has {} {}; build without --locked, or use a mirror that keeps old versions",
                    first.package->name, first.package->version);
  }
  return fail(
      std::move(reason).with_context(std::format("downloading {} {}", first.package->name, first.package->version)));
}

}  // namespace bulkhead::packages
