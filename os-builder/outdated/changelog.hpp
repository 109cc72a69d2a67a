// Debian changelogs (deb-changelog(5), policy 4.4): which vulnerabilities a newer version of a source package names.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::outdated {

using CveNames = std::set<std::string>;  // "CVE-2026-0001"

struct ChangelogEntry {
  std::string version;
  CveNames cves;

  bool operator==(const ChangelogEntry&) const = default;
};

// In the order of the text, newest first. Takes any bytes; what is no changelog has no entries. A name that is broken
// behind a hyphen, "CVE-2026-" and "53489" on the next line, is one name.
std::vector<ChangelogEntry> parse_changelog(std::string_view text);

// The changelog that a .deb has for one of its packages. Nothing when it has none, as packages that point to the
// changelog of another one. Errors: a package that cannot be read; a changelog larger than 64 MiB.
Result<std::optional<std::string>> read_changelog(std::span<const std::byte> deb);

struct AddedNames {
  CveNames cves;
  bool complete = true;  // false: the changelog ends before it comes to `version`, and may have named more

  bool operator==(const AddedNames&) const = default;
};

// What `newer` names in entries above `version`, without what `current`, the changelog of that version, names anywhere:
// a stable suite often has a fix under a version of its own.
AddedNames added_names(const std::vector<ChangelogEntry>& newer, const std::string& version,
                       const std::vector<ChangelogEntry>& current);

}  // namespace bulkhead::outdated
