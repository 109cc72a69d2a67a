// The disk image: partition table, ESP, slot A; slot B empty; STATE and DATA are made by the first boot.
// docs/formats/disk.md.
#pragma once

#include <map>
#include <string>

#include "os-builder/rootfs/tree.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::disk {

// What stands on the disk. Not the inputs of a stage: the stage that writes all images has them (build/outputs.hpp).
struct DiskParts {
  variant::PartitionSizes sizes;
  Version version;
  seal::SealedRoot root;
  std::map<std::string, sys::Path> esp_files;  // path on the ESP ("EFI/Linux/x.efi") -> file
  std::int64_t epoch = 0;                      // every time stamp on the ESP
};

// Writes the sparse raw image to `output`. Deterministic: GUIDs and serial numbers are derived from the root hash and
// names. Errors: failed_precondition when a part does not fit (says by how much), no space (nothing left behind).
Result<> build(const DiskParts& parts, const sys::Path& output);

Result<> write_qcow2(const sys::Path& raw, const sys::Path& output);
Result<> write_zstd(const sys::Path& raw, const sys::Path& output);

}  // namespace bulkhead::disk
