// The last stage: the files of a finished build. They go to the user's directory instead of the stage store.
#pragma once

#include <string>

#include "lib/cli/progress.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/sbom/build_id.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/stage/inputs.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::build {

struct OutputInputs {
  const variant::Variant* variant = nullptr;  // this and the next two are not owned
  std::string build_id;  // also decides which package each file of the root came from, as the SBOM says it
  const packages::PackageSet* packages = nullptr;
  const rootfs::ComposedRoot* root = nullptr;
  std::vector<sbom::SourceFile> overlays;  // what the build id was made from
  std::vector<sbom::SourceFile> programs;
  std::string compiled_in;  // text of compiled-in.json
  seal::SealedRoot sealed;
  stage::Product initrd;
  stage::Product uki;
  stage::Product boot_loader;  // the directory of bootloader::build()
  keys::KeySet keys;           // root_hash signs the provenance; the certificates go into the UEFI data of EC2
  std::int64_t epoch = 0;      // time stamps on the ESP

  static constexpr std::tuple kFields = {stage::Field{"variant", &OutputInputs::variant},
                                         stage::Field{"build id", &OutputInputs::build_id},
                                         stage::Field{"packages", &OutputInputs::packages},
                                         stage::Field{"root", &OutputInputs::root},
                                         stage::Field{"overlays", &OutputInputs::overlays},
                                         stage::Field{"programs", &OutputInputs::programs},
                                         stage::Field{"compiled in", &OutputInputs::compiled_in},
                                         stage::Field{"sealed root", &OutputInputs::sealed},
                                         stage::Field{"initrd", &OutputInputs::initrd},
                                         stage::Field{"uki", &OutputInputs::uki},
                                         stage::Field{"boot loader", &OutputInputs::boot_loader},
                                         stage::Field{"keys", &OutputInputs::keys},
                                         stage::Field{"epoch", &OutputInputs::epoch}};
};

// Writes disk.img, disk.qcow2, disk.img.zst, the parts, packages.lock, sbom.spdx.json, licenses.tar.zst, the files for
// libvirt or EC2, provenance.intoto.jsonl and manifest.json into `directory`.
Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress);

}  // namespace bulkhead::build
