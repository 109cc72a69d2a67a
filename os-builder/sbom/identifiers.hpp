// Names that the elements of an SBOM have in it and outside: SPDX identifiers, package URLs, CPE names.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "os-builder/packages/package_set.hpp"

namespace bulkhead::sbom {

// SPDX identifiers have letters, digits, '.' and '-' (SPDX 2.3, 3.2); every other byte becomes '.' and two hex digits.
std::string id_text(std::string_view text);

// Percent-encoding of package URLs (purl specification, "Character encoding"); encoded_path() keeps '/'.
std::string percent_encoded(std::string_view text);
std::string encoded_path(std::string_view text);

// What a package URL of Debian's is made of; empty members are left out.
struct DebianName {
  std::string name;
  std::string version;
  std::string architecture;
  std::string suite{};
  std::string source{};
  std::string source_version{};
};

// "pkg:deb/debian/NAME@VERSION?arch=…&distro=…&upstream=SOURCE@VERSION"; the last where the source differs: scanners
// find advisories by it, which Debian files under the source package.
std::string debian_url(const DebianName& name);

// The upstream part of a Debian version: without epoch, revision, and what Debian adds for a repacked source:
// "1:1.3.dfsg+really1.3.1-1+deb13u1" -> "1.3.1", "1.7.24~ds1-6" -> "1.7.24".
std::string upstream_version(std::string_view debian_version);

// A CPE 2.3 name (NISTIR 7695) for an entry of [cpe]: "gnu:glibc" -> "cpe:2.3:a:gnu:glibc:2.41:*:*:*:*:*:*:*".
std::string cpe_name(std::string_view product, std::string_view debian_version);

}  // namespace bulkhead::sbom
