// sbom.spdx.json: SPDX 2.3 (ISO/IEC 5962 lineage) as JSON; docs/formats/sbom.md.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/base/version.hpp"
#include "os-builder/licenses/collect.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"
#include "os-builder/sbom/components.hpp"

namespace bulkhead::sbom {

struct SbomSubject {
  std::string variant;
  Version version;
  std::string build_id;
};

// A file outside of the root: on the ESP, in the initrd, or a section of the UKI.
struct PartFile {
  std::string path;  // without '/' in front: "EFI/BOOT/BOOTX64.EFI", "modules/erofs.ko", ".linux"
  Sha256 sha256;
  std::string sha1;
  std::vector<std::string> origins;  // Debian packages, or part_origin(); empty: ours
};

// The parts of an image that are not its root.
enum class Part { esp, uki, initrd };
using PartFiles = std::map<Part, std::vector<PartFile>>;

// A file with these bytes.
PartFile describe_part_file(std::string path, std::span<const std::byte> bytes, std::vector<std::string> origins);

// As an origin: the file holds another part, as the ESP holds the UKI.
std::string part_origin(Part part);

struct SbomInputs {
  SbomSubject subject;
  const packages::PackageSet* packages = nullptr;  // this and the next three are not owned
  const rootfs::Tree* tree = nullptr;
  const licenses::LicenseReport* licenses = nullptr;
  const Components* components = nullptr;
  PartFiles parts;
  std::map<std::string, std::string> products;  // [cpe] of the variant
};

// Packages with their licenses; every regular file of the root and of the parts with its digests, and which package it
// came from; what is compiled into programs. Deterministic. Reads the content of every file of the root once, for its
// SHA-1. Errors: invalid_argument for a path that is not UTF-8, which SPDX cannot name.
Result<std::string> spdx_document(const SbomInputs& inputs);

// The content of the image according to one of our documents.
struct SbomContent {
  using Files = std::map<std::string, Sha256, std::less<>>;

  Files files;                                               // of the root: "/usr/bin/crun" -> digest
  std::map<Part, Files> parts;                               // of the others: "EFI/BOOT/BOOTX64.EFI" -> digest
  std::map<std::string, std::string, std::less<>> packages;  // Debian package -> version

  bool operator==(const SbomContent&) const = default;
};

// Reads a document that spdx_document() wrote; at most 64 MiB. Other SPDX documents may be refused. Errors: data_loss.
Result<SbomContent> parse_spdx(std::string_view text);

}  // namespace bulkhead::sbom
