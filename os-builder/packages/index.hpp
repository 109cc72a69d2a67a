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

// The version of a package that would be installed: the highest one of the suites that the package may come from.
struct Candidate {
  std::string name;
  std::string version;
  std::vector<Dependency> dependencies;  // Pre-Depends and Depends
  std::vector<Conflict> conflicts;       // Conflicts and Breaks
};

// A version that a suite has from which the package does not come.
struct Offer {
  std::string suite;
  std::string version;
  bool base = false;  // one of the variant's own suites: another one names the package

  bool operator==(const Offer&) const = default;
};

class PackageIndex {
 public:
  virtual ~PackageIndex() = default;
  // Lives as long as the index; nullptr when no suite that the package may come from has it.
  virtual const Candidate* find(std::string_view name) = 0;
  // Packages that provide a virtual package, sorted.
  virtual std::vector<std::string> providers(std::string_view name) = 0;
  // Highest version first; for messages.
  virtual std::vector<Offer> offers(std::string_view name) = 0;
  // Every package that could be installed, sorted; for messages.
  virtual std::vector<std::string> names() = 0;
};

}  // namespace bulkhead::packages
