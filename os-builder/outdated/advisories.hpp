// Advisories that a user gives as a file: which versions of which source package are known to be vulnerable.
//
// Two formats, told apart by their shape: the JSON that Debian's security tracker offers for download (source package
// -> name -> "releases" -> codename), and OSV (https://ossf.github.io/osv-schema/) with ecosystem "Debian" or
// "Debian:NUMBER": one record, a list of records, or an object with such a list as "vulns".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "os-builder/packages/package_set.hpp"

namespace bulkhead::outdated {

struct Advisory {
  std::string name;          // "CVE-2026-0001", or the record's own name
  std::string source;        // source package
  std::string distribution;  // codename, or Debian's version ("13"); empty: the one that is never released
  std::string introduced;    // the first affected version; empty: all
  std::string fixed;         // the first version that is not affected any more; empty: there is none
  bool by_codename = false;  // what `distribution` is

  bool operator==(const Advisory&) const = default;
};

inline constexpr std::size_t kMaxAdvisories = std::size_t{256} << 20U;  // bytes of a file

// `file` is for messages. invalid_argument: neither format, or a record that lacks what it needs; text larger than
// kMaxAdvisories.
Result<std::vector<Advisory>> parse_advisories(std::string_view text, const std::string& file);

// Whether the advisory is about this version, in the suite that it comes from.
bool applies(const Advisory& advisory, const packages::Package& package,
             const std::vector<packages::Release>& releases);

}  // namespace bulkhead::outdated
