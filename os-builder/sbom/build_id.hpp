// The name of a build, derived from its inputs.
#pragma once

#include <string>

#include "os-builder/packages/package_set.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::sbom {

// First 16 hex digits of a digest over packages, variant, overlay files and our own programs. Equal inputs give the
// same name on every machine; directories and file times do not count.
Result<std::string> build_id(const packages::PackageSet& set, const variant::Variant& variant,
                             const sys::Path& overlay_dir, const sys::Path& programs_dir);

}  // namespace bulkhead::sbom
