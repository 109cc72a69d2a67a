// The packages of an archive, as the dependency closure sees them. Production: AptIndex over libapt's cache; tests: a
// table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::packages {

// One way to satisfy a dependency.
struct Alternative {
  std::string text;  // "libc6 (>= 2.38)"
  std::string name;  // "libc6", or a virtual package
  // Packages whose candidate satisfies it: the package of that name first, then its providers, best first.
  std::vector<std::string> satisfied_by;
};

using Dependency = std::vector<Alternative>;  // any one of them

struct Conflict {
  std::string text;               // "Breaks: udev (<< 255)"
  std::vector<std::string> with;  // packages whose candidate it forbids; never the package itself
};

// The version of a package that would be installed: the highest one of all suites.
struct Candidate {
  std::string name;
  std::string version;
  std::vector<Dependency> dependencies;  // Pre-Depends and Depends
  std::vector<Conflict> conflicts;       // Conflicts and Breaks
};

class PackageIndex {
 public:
  virtual ~PackageIndex() = default;
  // Lives as long as the index; nullptr when no suite has the package.
  virtual const Candidate* find(std::string_view name) = 0;
  // Packages that provide a virtual package, sorted.
  virtual std::vector<std::string> providers(std::string_view name) = 0;
  // Every package, sorted; for messages.
  virtual std::vector<std::string> names() = 0;
};

}  // namespace bulkhead::packages
