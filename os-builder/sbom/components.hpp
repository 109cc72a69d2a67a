// What is inside programs without being a file of its own: Debian's sources that were compiled into a package, modules
// of Go programs, and the libraries that our own programs were linked with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "os-builder/licenses/collect.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/sbom/compiled_in.hpp"

namespace bulkhead::sbom {

// Which file a component is in: of the root by its path, of the initrd as "initrd:init"; or a whole package.
struct ComponentUse {
  std::string file;
  std::string package;  // instead of a file

  auto operator<=>(const ComponentUse&) const = default;
};

struct Component {
  std::string id;  // SPDX identifier without "SPDXRef-"
  std::string name;
  std::string version;
  std::string supplier;  // as SPDX writes it; empty: not known
  std::string purl;
  std::string expression;          // of its license; "NOASSERTION" with a reason
  std::string basis;               // what it was taken from, or why it is not known
  std::string source;              // Debian source package, for CPE names; may be empty
  std::vector<ComponentUse> uses;  // sorted, each once

  bool operator==(const Component&) const = default;
};

using Components = std::vector<Component>;  // sorted by id

// `programs`: path in the image -> our program ([programs] of the variant). `stated`: [licenses] of the variant, for
// sources whose packages are not in the set. Reads every program of the tree. Errors: those of read_go_build(), with
// the path; not_found for a program of ours that `compiled_in` does not have.
Result<Components> find_components(const rootfs::ComposedRoot& root, const CompiledIn& compiled_in,
                                   const std::map<std::string, std::string>& programs,
                                   const licenses::LicenseReport& licenses,
                                   const std::map<std::string, std::string>& stated);

}  // namespace bulkhead::sbom
