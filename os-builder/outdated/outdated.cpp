#include "os-builder/outdated/outdated.hpp"

#include <algorithm>
#include <map>

#include "lib/sys/mapped_file.hpp"

namespace bulkhead::outdated {

namespace {

// One binary package in the image's version and a newer one.
struct Pair {
  packages::Package current;
  packages::Package newer;
};
using PairsBySource = std::map<std::pair<std::string, std::string>, std::vector<Pair>>;  // source, suite of the newer

PairsBySource pairs_by_source(const packages::ArchiveNews& news) {
  PairsBySource pairs;
  for (const packages::NewerVersions& package : news.packages) {
    for (const packages::Package& newer : package.newer)
      pairs[{package.current.source, newer.suite}].push_back({package.current, newer});
  }
  for (auto& [key, list] : pairs) {
    std::ranges::stable_sort(list, {}, [](const Pair& pair) { return pair.newer.size + pair.current.size; });
  }
  return pairs;
}

// Nothing when it is not in the cache and may not be fetched, or has no changelog.
Result<std::optional<std::vector<ChangelogEntry>>> changelog_of(const packages::Package& package,
                                                                const Options& options,
                                                                const packages::OnProgress& progress) {
  const packages::PackageSet one{.packages = {package}, .source_date_epoch = 0};
  const auto paths = packages::fetch(one, options.archive, progress);
  if (!paths && options.archive.offline && paths.error().code == ErrorCode::not_found) return std::nullopt;
  if (!paths) return std::unexpected(paths.error());
  const sys::MappedFile file = TRY(sys::MappedFile::open(paths->front()));
  const auto text = TRY_CTX(read_changelog(file.bytes()), "reading {} {}", package.name, package.version);
  if (!text) return std::nullopt;
  return parse_changelog(*text);
}

Result<std::optional<AddedNames>> names_added(const std::vector<Pair>& pairs, const Options& options,
                                              const packages::OnProgress& progress) {
  for (const Pair& pair : pairs) {
    const auto newer = TRY(changelog_of(pair.newer, options, progress));
    if (!newer) continue;
    const auto current = TRY(changelog_of(pair.current, options, progress));
    if (!current) continue;
    return added_names(*newer, pair.current.source_version, *current);
  }
  return std::nullopt;
}

Result<std::vector<OpenAdvisory>> open_advisories(const packages::PackageSet& set,
                                                  const std::vector<packages::Release>& releases,
                                                  const sys::Path& file) {
  const std::string text = TRY(sys::read_file(file, kMaxAdvisories));
  const std::vector<Advisory> advisories = TRY(parse_advisories(text, file.native()));
  std::multimap<std::string, const packages::Package*> by_source;
  for (const packages::Package& package : set.packages) by_source.emplace(package.source, &package);
  std::map<std::tuple<std::string, std::string, std::string>, OpenAdvisory> open;  // packages share a source
  for (const Advisory& advisory : advisories) {
    const auto [first, last] = by_source.equal_range(advisory.source);
    for (auto at = first; at != last; ++at) {
      const packages::Package& package = *at->second;
      if (!applies(advisory, package, releases)) continue;
      open.try_emplace({advisory.source, advisory.name, package.source_version},
                       OpenAdvisory{advisory, package.source_version, package.suite});
    }
  }
  std::vector<OpenAdvisory> list;
  for (auto& [key, entry] : open) list.push_back(std::move(entry));
  return list;
}

}  // namespace

Result<Report> examine(const packages::PackageSet& set, const Options& options, const packages::OnProgress& progress) {
  const packages::ArchiveNews news = TRY(packages::look_for_newer(set, options.archive, progress));
  Report report;
  report.releases = news.releases;
  report.packages = set.packages.size();
  const PairsBySource pairs = pairs_by_source(news);
  std::size_t done = 0;
  for (const auto& [key, list] : pairs) {
    const auto& [source, suite] = key;
    if (progress) progress(static_cast<double>(done++) / static_cast<double>(pairs.size()), source);
    NewerSource entry;
    entry.source = source;
    for (const Pair& pair : list) entry.packages.push_back(pair.current.name);
    std::ranges::sort(entry.packages);
    const auto repeated = std::ranges::unique(entry.packages);
    entry.packages.erase(repeated.begin(), repeated.end());
    const Pair& highest = *std::ranges::max_element(list, [](const Pair& a, const Pair& b) {
      return packages::compare_versions(a.newer.source_version, b.newer.source_version) < 0;
    });
    entry.version = highest.current.source_version;
    entry.suite = highest.current.suite;
    entry.newer = highest.newer.source_version;
    entry.newer_suite = suite;
    entry.added = TRY(names_added(list, options, {}));
    report.newer.push_back(std::move(entry));
  }
  if (options.advisories) {
    report.advisories_given = true;
    report.open = TRY(open_advisories(set, report.releases, *options.advisories));
  }
  return report;
}

}  // namespace bulkhead::outdated
