#include "os-builder/build/outputs.hpp"

#include <algorithm>
#include <vector>

#include "lib/slots/entry_name.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/disk/disk.hpp"
#include "os-builder/sbom/manifest.hpp"
#include "os-builder/sbom/spdx.hpp"

namespace bulkhead::build {
namespace {

// A copy, never a hard link: users boot and change these files, which must not change the stage store.
Result<> copy_part(const sys::Path& from, const sys::Path& to) {
  std::error_code status;
  std::filesystem::copy_file(from, to, status);
  if (status) return fail(errno_error(status.value(), "copying {} to {}", from.native(), to.native()));
  return {};
}

// The root's three partitions and the UKI, each also as a file of its own.
Result<> copy_parts(const OutputInputs& inputs, const sys::Path& directory, const std::string& uki_name) {
  TRY(copy_part(inputs.sealed.root, directory / "root.erofs"));
  TRY(copy_part(inputs.sealed.verity, directory / "root.verity"));
  TRY(copy_part(inputs.sealed.signature, directory / "root.verity-sig"));
  return copy_part(inputs.uki.path, directory / uki_name);
}

Result<> write_disks(const OutputInputs& inputs, const sys::Path& directory, const sys::Path& uki,
                     cli::Progress& progress) {
  progress.update(0.1, "disk.img");
  const sys::Path raw = directory / "disk.img";
  const disk::DiskParts disk{
      .sizes = inputs.partitions,
      .version = inputs.version,
      .root = inputs.sealed,
      .esp_files = bootloader::esp_files(inputs.boot_loader.path, uki, inputs.version),
      .epoch = inputs.epoch,
  };
  TRY(disk::build(disk, raw));
  progress.update(0.4, "disk.qcow2");
  TRY(disk::write_qcow2(raw, directory / "disk.qcow2"));
  progress.update(0.5, "disk.img.zst");
  return disk::write_zstd(raw, directory / "disk.img.zst");
}

// Where everything in the image came from.
Result<> write_provenance(const OutputInputs& inputs, const sys::Path& directory) {
  TRY(sys::write_file_atomically(directory / "packages.lock", packages::write_lock(*inputs.packages)));
  const sbom::SbomSubject subject{.variant = inputs.variant, .version = inputs.version, .build_id = inputs.build_id};
  const std::string document = TRY(sbom::spdx_document(subject, *inputs.packages, *inputs.tree));
  return sys::write_file_atomically(directory / "sbom.spdx.json", document);
}

Result<> write_manifest(const OutputInputs& inputs, const sys::Path& directory, std::vector<std::string> names) {
  sbom::Manifest manifest{
      .variant = inputs.variant,
      .version = inputs.version,
      .build_id = inputs.build_id,
      .source_date_epoch = inputs.packages->source_date_epoch,
      .root_hash = inputs.sealed.root_hash,
      .files = {},
  };
  std::ranges::sort(names);
  for (const std::string& name : names) {
    sbom::ManifestFile file = TRY(sbom::describe_file(directory, name));
    manifest.files.push_back(std::move(file));
  }
  return sys::write_file_atomically(directory / "manifest.json", sbom::write_manifest(manifest));
}

}  // namespace

Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress) {
  // Without a boot counter: how often it may be tried is a matter of the disk that it is put on.
  const std::string uki_name = slots::EntryName{.version = inputs.version}.file_name();

  progress.update(0.0, "parts");
  TRY(copy_parts(inputs, directory, uki_name));
  TRY(write_disks(inputs, directory, directory / uki_name, progress));
  progress.update(0.7, "packages.lock, sbom.spdx.json");
  TRY(write_provenance(inputs, directory));
  progress.update(0.8, "manifest.json");
  return write_manifest(inputs, directory,
                        {"disk.img", "disk.qcow2", "disk.img.zst", "root.erofs", "root.verity", "root.verity-sig",
                         uki_name, "packages.lock", "sbom.spdx.json"});
}

}  // namespace bulkhead::build
