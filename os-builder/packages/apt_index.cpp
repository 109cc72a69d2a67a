#include "os-builder/packages/apt_index.hpp"

#include <apt-pkg/cachefile.h>
#include <apt-pkg/debversion.h>
#include <apt-pkg/pkgcache.h>
#include <apt-pkg/pkgrecords.h>

#include <algorithm>
#include <map>
#include <set>

namespace bulkhead::packages {

namespace {

constexpr std::string_view kArchitecture = "amd64";
constexpr std::size_t kMaxText = 512;

// A line that any of our formats can hold, whatever the archive wrote.
std::string clean(std::string text) {
  if (text.size() > kMaxText) text.resize(kMaxText);
  bool utf8 = true;
  for (std::size_t at = 0; at < text.size() && utf8;) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80                   ? 1U
                               : lead >= 0xc2 && lead < 0xe0 ? 2U
                               : lead >= 0xe0 && lead < 0xf0 ? 3U
                                                             : 0U;
    utf8 = length != 0 && at + length <= text.size();
    for (std::size_t i = 1; utf8 && i < length; ++i) utf8 = (static_cast<unsigned char>(text[at + i]) & 0xc0U) == 0x80;
    at += length;
  }
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (!utf8 && byte >= 0x80)) c = '?';
  }
  return text;
}

std::string suite_of(const pkgCache::PkgFileIterator& file) {
  const char* codename = file.Codename();
  return codename != nullptr ? codename : "";
}

std::string without_qualifier(std::string name) {
  if (const auto colon = name.find(':'); colon != std::string::npos) name.resize(colon);
  return name;
}

}  // namespace

struct AptIndex::Cache {
  explicit Cache(Suites from) : suites(std::move(from)) {}

  Suites suites;
  pkgCacheFile lists;
  pkgCache* packages = nullptr;
  std::unique_ptr<pkgRecords> records;
  std::map<std::string, Candidate, std::less<>> candidates;

  pkgCache::PkgIterator package(std::string_view name) const {
    return packages->FindPkg(std::string(name), std::string(kArchitecture));
  }

  // The highest version of the suites that the package may come from; the end when they have none. Of two files with
  // that version, the one of the suite whose name sorts first, so that the choice does not depend on the order of the
  // sources.
  pkgCache::VerIterator candidate(const pkgCache::PkgIterator& package) const {
    pkgCache::VerIterator best;
    std::string best_suite;
    for (pkgCache::VerIterator version = package.VersionList(); !version.end(); ++version) {
      if (!best.end() && std::string_view(version.VerStr()) != best.VerStr()) break;
      const pkgCache::VerFileIterator file = file_of(version);
      if (file.end()) continue;
      std::string suite = suite_of(file.File());
      if (!best.end() && suite >= best_suite) continue;
      best = version;
      best_suite = std::move(suite);
    }
    return best;
  }

  // The end when no suite that the package may come from has the version.
  pkgCache::VerFileIterator file_of(const pkgCache::VerIterator& version) const {
    const std::string_view name = version.ParentPkg().Name();
    return first_file(version, [&](const std::string& suite) { return suites.allows(name, suite); });
  }

  // Of the suite whose name sorts first.
  template <class Accepts>
  static pkgCache::VerFileIterator first_file(const pkgCache::VerIterator& version, const Accepts& accepts) {
    pkgCache::VerFileIterator best;
    std::string best_suite;
    for (pkgCache::VerFileIterator file = version.FileList(); !file.end(); ++file) {
      std::string suite = suite_of(file.File());
      if (!accepts(suite) || (!best.end() && suite >= best_suite)) continue;
      best = file;
      best_suite = std::move(suite);
    }
    return best;
  }

  // Packages whose candidate satisfies, or for Conflicts and Breaks violates, `dependency`.
  std::vector<std::string> matching(const pkgCache::DepIterator& dependency) const {
    std::vector<std::string> names;
    const pkgCache::PkgIterator target = dependency.TargetPkg();
    const pkgCache::VerIterator own = candidate(target);
    if (!own.end() && !dependency.IsIgnorable(target) && dependency.IsSatisfied(own)) names.emplace_back(target.Name());

    std::vector<std::pair<int, std::string>> providers;
    for (pkgCache::PrvIterator provides = target.ProvidesList(); !provides.end(); ++provides) {
      const pkgCache::PkgIterator owner = provides.OwnerPkg();
      if (candidate(owner) != provides.OwnerVer() || dependency.IsIgnorable(provides) ||
          !dependency.IsSatisfied(provides))
        continue;
      if (owner.Arch() != kArchitecture) continue;
      providers.emplace_back(provides.OwnerVer()->Priority, owner.Name());
    }
    std::ranges::sort(providers);
    for (auto& [priority, name] : providers) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    return names;
  }

  Result<Package> describe(const pkgCache::VerIterator& version, const pkgCache::VerFileIterator& file);

  static std::string text_of(const pkgCache::DepIterator& dependency) {
    std::string text = dependency.TargetPkg().Name();
    if (dependency.TargetVer() != nullptr)
      text += std::format(" ({} {})", pkgCache::CompTypeDeb(dependency->CompareOp), dependency.TargetVer());
    return text;
  }

  Candidate read(const pkgCache::VerIterator& version) const {
    Candidate result{
        .name = version.ParentPkg().Name(), .version = version.VerStr(), .dependencies = {}, .conflicts = {}};
    for (pkgCache::DepIterator at = version.DependsList(); !at.end();) {
      pkgCache::DepIterator start;
      pkgCache::DepIterator end;
      at.GlobOr(start, end);  // moves `at` behind the group of alternatives
      if (start->Type == pkgCache::Dep::Conflicts || start->Type == pkgCache::Dep::DpkgBreaks) {
        auto with = matching(start);
        std::erase(with, result.name);
        if (!with.empty())
          result.conflicts.push_back({std::format("{}: {}", start.DepType(), text_of(start)), std::move(with)});
      } else if (start->Type == pkgCache::Dep::Depends || start->Type == pkgCache::Dep::PreDepends) {
        Dependency dependency;
        for (;; ++start) {
          dependency.push_back({text_of(start), without_qualifier(start.TargetPkg().Name()), matching(start)});
          if (start == end) break;
        }
        result.dependencies.push_back(std::move(dependency));
      }
    }
    return result;
  }
};

AptIndex::AptIndex(std::unique_ptr<Cache> cache) : cache_(std::move(cache)) {}
AptIndex::AptIndex(AptIndex&&) noexcept = default;
AptIndex::~AptIndex() = default;

Result<AptIndex> AptIndex::open(AptSession&, Suites suites) {
  auto cache = std::make_unique<Cache>(std::move(suites));
  if (!cache->lists.BuildCaches(nullptr, false))
    return fail(take_apt_error(ErrorCode::data_loss, "reading the package lists"));
  cache->packages = cache->lists.GetPkgCache();
  cache->records = std::make_unique<pkgRecords>(*cache->packages);
  return AptIndex(std::move(cache));
}

const Candidate* AptIndex::find(std::string_view name) {
  if (const auto known = cache_->candidates.find(name); known != cache_->candidates.end()) return &known->second;
  const pkgCache::PkgIterator package = cache_->package(name);
  if (package.end()) return nullptr;
  const pkgCache::VerIterator version = cache_->candidate(package);
  if (version.end()) return nullptr;
  return &cache_->candidates.emplace(std::string(name), cache_->read(version)).first->second;
}

std::vector<std::string> AptIndex::providers(std::string_view name) {
  std::vector<std::string> names;
  const pkgCache::PkgIterator package = cache_->package(name);
  if (package.end()) return names;
  for (pkgCache::PrvIterator provides = package.ProvidesList(); !provides.end(); ++provides) {
    if (cache_->candidate(provides.OwnerPkg()) == provides.OwnerVer()) names.emplace_back(provides.OwnerPkg().Name());
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::vector<Offer> AptIndex::offers(std::string_view name) {
  std::vector<Offer> offers;
  const pkgCache::PkgIterator package = cache_->package(name);
  if (package.end()) return offers;
  for (pkgCache::VerIterator version = package.VersionList(); !version.end(); ++version) {
    std::set<std::string> suites;  // a suite may come from several mirrors
    for (pkgCache::VerFileIterator file = version.FileList(); !file.end(); ++file) suites.insert(suite_of(file.File()));
    for (const std::string& suite : suites) {
      if (cache_->suites.allows(name, suite)) continue;
      offers.push_back({.suite = suite, .version = version.VerStr(), .base = cache_->suites.is_base(suite)});
    }
  }
  return offers;
}

std::vector<std::string> AptIndex::names() {
  std::vector<std::string> names;
  for (pkgCache::PkgIterator package = cache_->packages->PkgBegin(); !package.end(); ++package) {
    if (!cache_->candidate(package).end()) names.emplace_back(package.Name());
  }
  std::ranges::sort(names);
  return names;
}

Result<Package> AptIndex::details(const std::string& name) {
  const pkgCache::VerIterator version = cache_->candidate(cache_->package(name));
  return cache_->describe(version, cache_->file_of(version));
}

Result<std::vector<Package>> AptIndex::newer(const std::string& name, const std::string& version) {
  std::vector<Package> all;
  const pkgCache::PkgIterator package = cache_->package(name);
  if (package.end()) return all;
  for (pkgCache::VerIterator at = package.VersionList(); !at.end(); ++at) {
    if (compare_versions(at.VerStr(), version) <= 0) break;
    if (!all.empty() && all.back().version == at.VerStr()) continue;
    const auto file = Cache::first_file(at, [](const std::string&) { return true; });
    Package described = TRY(cache_->describe(at, file));
    all.push_back(std::move(described));
  }
  return all;
}

int compare_versions(const std::string& a, const std::string& b) { return debVS.CmpVersion(a, b); }

Result<Package> AptIndex::Cache::describe(const pkgCache::VerIterator& version, const pkgCache::VerFileIterator& file) {
  const std::string name = version.ParentPkg().Name();
  pkgRecords::Parser& record = records->Lookup(file);
  const HashStringList hashes = record.Hashes();
  const HashString* digest = hashes.find("SHA256");
  if (digest == nullptr)
    return fail(ErrorCode::data_loss, "the archive has no SHA-256 for {} {}", name, version.VerStr());

  Package package;
  package.name = name;
  package.version = version.VerStr();
  package.architecture = version.Arch();
  package.source = version.SourcePkgName();
  package.source_version = version.SourceVerStr();
  package.sha256 = TRY_CTX(Sha256::parse(digest->HashValue()), "digest of {}", name);
  package.size = version->Size;
  package.installed_size = version->InstalledSize;
  package.filename = record.FileName();
  package.suite = suite_of(file.File());
  package.section = clean(version.Section() != nullptr ? version.Section() : "");
  package.maintainer = clean(record.Maintainer());
  package.homepage = clean(record.Homepage());
  package.summary = clean(record.ShortDesc());
  return package;
}

}  // namespace bulkhead::packages
