// The files of a finished build.
#pragma once

#include <string>

#include "lib/cli/progress.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/build/build.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/seal/seal.hpp"

namespace bulkhead::build {

// References to what the stages made; lives for one call.
struct OutputInputs {
  const Resolved& resolved;
  const rootfs::ComposedRoot& root;
  const seal::SealedRoot& sealed;
  sys::Path uki;
  sys::Path initrd;
  bootloader::BootLoader boot_loader;
  std::string build_id;
};

// Writes disk.img, disk.qcow2, disk.img.zst, the parts, packages.lock, sbom.spdx.json and manifest.json into
// `directory`.
Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress);

// "esp=536870912 root=… …": every size, for the digest of the inputs and for messages.
std::string describe(const variant::PartitionSizes& sizes);

}  // namespace bulkhead::build
