// From the packages that a variant lists to all that have to be installed.
//
// A plain, deterministic closure over Pre-Depends and Depends: no Recommends, no search among versions (the candidate
// of each package is the only one considered), no backtracking. Where a dependency leaves a choice, packages that are
// already chosen come first, then the first alternative, in the order of the package's author, that conflicts with
// nothing chosen so far; among providers of a virtual package the index decides the order.
#pragma once

#include <map>
#include <string>

#include "lib/base/result.hpp"
#include "os-builder/packages/index.hpp"

namespace bulkhead::packages {

using Reasons = std::map<std::string, std::string>;  // package name -> why

// All packages to install with the reason of each: the one given, or "needed by NAME". Excluded packages count as
// installed in any version, so that dependencies on them are satisfied, and are not in the result. invalid_argument:
// unknown or virtual package, unsatisfiable dependency, conflict, an excluded package that nothing depends on. Each
// names the chain of packages that leads to it.
Result<Reasons> closure(PackageIndex& index, const Reasons& wanted, const Reasons& excluded);

}  // namespace bulkhead::packages
