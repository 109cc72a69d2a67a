// The last stage: the files of a finished build. They go to the user's directory instead of the stage store.
#pragma once

#include <string>

#include "lib/cli/progress.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/tree.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/stage/inputs.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::build {

struct OutputInputs {
  std::string variant;  // its name
  Version version;
  std::string build_id;  // also decides which package each file of the tree came from, as the SBOM says it
  variant::PartitionSizes partitions;
  const packages::PackageSet* packages = nullptr;  // not owned
  const rootfs::Tree* tree = nullptr;              // for the SBOM; not owned
  seal::SealedRoot sealed;
  stage::Product uki;
  stage::Product boot_loader;  // the directory of bootloader::build()
  std::int64_t epoch = 0;      // time stamps on the ESP

  static constexpr std::tuple kFields = {
      stage::Field{"variant", &OutputInputs::variant},         stage::Field{"version", &OutputInputs::version},
      stage::Field{"build id", &OutputInputs::build_id},       stage::Field{"partitions", &OutputInputs::partitions},
      stage::Field{"packages", &OutputInputs::packages},       stage::Field{"tree", &OutputInputs::tree},
      stage::Field{"sealed root", &OutputInputs::sealed},      stage::Field{"uki", &OutputInputs::uki},
      stage::Field{"boot loader", &OutputInputs::boot_loader}, stage::Field{"epoch", &OutputInputs::epoch}};
};

// Writes disk.img, disk.qcow2, disk.img.zst, the parts, packages.lock, sbom.spdx.json and manifest.json into
// `directory`.
Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress);

}  // namespace bulkhead::build
