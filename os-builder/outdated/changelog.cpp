#include "os-builder/outdated/changelog.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/deb.hpp"

namespace bulkhead::outdated {

namespace {

constexpr std::size_t kMaxChangelog = std::size_t{64} << 20U;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t digits_from(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end;
}

CveNames names_in(std::string_view text) {
  static constexpr std::string_view kStart = "CVE-";
  CveNames names;
  for (auto at = text.find(kStart); at != std::string_view::npos; at = text.find(kStart, at + 1)) {
    const std::size_t year = at + kStart.size();
    if (digits_from(text, year) != year + 4 || year + 4 >= text.size() || text[year + 4] != '-') continue;
    std::size_t number = year + 5;
    while (number < text.size() && is_space(text[number])) ++number;
    const std::size_t end = digits_from(text, number);
    if (end - number < 4 || end - number > 19) continue;
    names.insert(std::format("CVE-{}-{}", text.substr(year, 4), text.substr(number, end - number)));
  }
  return names;
}

// "crun (1.28-1) unstable; urgency=medium"; empty for other lines.
std::string_view version_of_heading(std::string_view line) {
  if (line.empty() || is_space(line.front())) return {};
  const auto open = line.find(" (");
  const auto close = line.find(") ", open);
  if (open == std::string_view::npos || close == std::string_view::npos || !line.contains(';')) return {};
  return line.substr(open + 2, close - open - 2);
}

// Of the files in /usr/share/doc/PACKAGE. Packages that are native to Debian have only the second one; others have
// their upstream's changelog there, which is no changelog of Debian's.
constexpr std::array<std::string_view, 2> kNames = {"/changelog.Debian.gz", "/changelog.gz"};

}  // namespace

std::vector<ChangelogEntry> parse_changelog(std::string_view text) {
  std::vector<ChangelogEntry> entries;
  std::size_t start = 0;  // of the text of the last entry
  const auto finish = [&](std::size_t end) {
    if (!entries.empty()) entries.back().cves = names_in(text.substr(start, end - start));
  };
  std::size_t at = 0;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view version = version_of_heading(line);
    if (!version.empty()) {
      finish(at);
      entries.push_back({.version = std::string(version), .cves = {}});
      start = at;
    }
    at += line.size() + 1;
  }
  finish(text.size());
  return entries;
}

Result<std::optional<std::string>> read_changelog(std::span<const std::byte> deb) {
  const auto keep = [](std::string_view bytes) -> Result<rootfs::Content> {
    return rootfs::Content::of(std::string(bytes));
  };
  const rootfs::Tree tree = TRY(rootfs::read_deb(deb, {}, keep));
  for (const std::string_view name : kNames) {
    for (const auto& [path, entry] : tree.entries()) {
      if (!path.starts_with("/usr/share/doc/") || !path.ends_with(name) || entry.content() == nullptr) continue;
      const std::string packed = TRY(entry.content()->read());
      std::string text = TRY_CTX(rootfs::decompress_gzip(as_bytes(packed), kMaxChangelog), "reading {}", path);
      if (!parse_changelog(text).empty()) return text;
    }
  }
  return std::nullopt;
}

AddedNames added_names(const std::vector<ChangelogEntry>& newer, const std::string& version,
                       const std::vector<ChangelogEntry>& current) {
  AddedNames added{.cves = {}, .complete = false};
  for (const ChangelogEntry& entry : newer) {
    if (packages::compare_versions(entry.version, version) <= 0) {
      added.complete = true;
      break;
    }
    added.cves.insert(entry.cves.begin(), entry.cves.end());
  }
  for (const ChangelogEntry& entry : current) {
    for (const std::string& name : entry.cves) added.cves.erase(name);
  }
  return added;
}

}  // namespace bulkhead::outdated
