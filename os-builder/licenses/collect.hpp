// The licenses of all packages of an image, and the texts that have to be passed on with it.
#pragma once

#include <map>
#include <string>

#include "os-builder/licenses/expression.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::licenses {

struct PackageLicense {
  std::string expression;  // SPDX's; "NOASSERTION" only with a reason
  std::string basis;       // what the expression was taken from, or why there is none
  std::string text;        // file of the texts, "/glibc/copyright"; empty when there is none

  bool operator==(const PackageLicense&) const = default;
};

struct LicenseReport {
  std::map<std::string, PackageLicense, std::less<>> packages;  // every package of the set
  std::map<std::string, PackageLicense, std::less<>> sources;   // the same by source package
  std::vector<LicenseReference> references;                     // sorted by id
  // The archive of texts: /INDEX, /<source package>/copyright, /common-licenses/GPL-2, …
  rootfs::Tree texts;
};

// `documents`: ComposedRoot::license_documents. `stated`: source package -> expression, from [licenses] of the variant;
// it counts instead of the copyright file. A package without a copyright file of its own has that of another package of
// the same source and version. Errors: failed_precondition for a copyright file that refers to a text in
// /usr/share/common-licenses that no package has.
Result<LicenseReport> collect(const packages::PackageSet& set, const rootfs::Tree& documents,
                              const std::map<std::string, std::string>& stated);

}  // namespace bulkhead::licenses
