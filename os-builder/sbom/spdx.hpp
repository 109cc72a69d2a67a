// sbom.spdx.json: SPDX 2.3 (ISO/IEC 5962 lineage) as JSON; docs/formats/sbom.md.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lib/base/hex.hpp"
#include "lib/base/version.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::sbom {

struct SbomSubject {
  std::string variant;
  Version version;
  std::string build_id;
};

// Packages, every regular file of the root with its digests, and which package it came from. Deterministic. Reads the
// content of every file once, for its SHA-1. Errors: invalid_argument for a path that is not UTF-8, which SPDX cannot
// name.
Result<std::string> spdx_document(const SbomSubject& subject, const packages::PackageSet& set,
                                  const rootfs::Tree& tree);

// The content of the image according to one of our documents.
struct SbomContent {
  std::map<std::string, Sha256, std::less<>> files;          // "/usr/bin/crun" -> digest
  std::map<std::string, std::string, std::less<>> packages;  // Debian package -> version

  bool operator==(const SbomContent&) const = default;
};

// Reads a document that spdx_document() wrote; at most 64 MiB. Other SPDX documents may be refused. Errors: data_loss.
Result<SbomContent> parse_spdx(std::string_view text);

}  // namespace bulkhead::sbom
