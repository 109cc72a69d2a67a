// sbom.spdx.json: SPDX 2.3; docs/formats/sbom.md.
#pragma once

#include <string>

#include "lib/base/version.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::sbom {

struct SbomSubject {
  std::string variant;
  Version version;
  std::string build_id;
};

// Packages, every regular file of the root with its digests, and which package it came from. Deterministic.
Result<std::string> spdx_document(const SbomSubject& subject, const packages::PackageSet& set, const rootfs::Tree& tree);

}  // namespace bulkhead::sbom
