#include "os-builder/build/outputs.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <span>

#include "os-builder/disk/disk.hpp"
#include "os-builder/sbom/manifest.hpp"
#include "os-builder/sbom/spdx.hpp"
#include "os-builder/uki/uki.hpp"

namespace bulkhead::build {
namespace {

// A copy of its own, never a hard link: users boot and change these files, the stage store must not notice.
Result<> copy_part(const sys::Path& from, const sys::Path& to) {
  std::error_code status;
  std::filesystem::copy_file(from, to, status);
  if (status) return fail(errno_error(status.value(), "copying {} to {}", from.native(), to.native()));
  return {};
}

Result<> write_manifest(const OutputInputs& inputs, const sys::Path& directory, std::span<const std::string> names) {
  sbom::Manifest manifest{
      .variant = inputs.resolved.variant.name,
      .version = inputs.resolved.variant.version,
      .build_id = inputs.build_id,
      .source_date_epoch = inputs.resolved.packages.source_date_epoch,
      .root_hash = inputs.sealed.root_hash,
      .files = {},
  };
  for (const std::string& name : names) {
    sbom::ManifestFile file = TRY(sbom::describe_file(directory, name));
    manifest.files.push_back(std::move(file));
  }
  std::ranges::sort(manifest.files, {}, &sbom::ManifestFile::name);
  return sys::write_file_atomically(directory / "manifest.json", sbom::write_manifest(manifest));
}

}  // namespace

std::string describe(const variant::PartitionSizes& sizes) {
  return std::format("esp={} root={} verity={} verity_signature={} state={} data={}", sizes.esp, sizes.root,
                     sizes.verity, sizes.verity_signature, sizes.state, sizes.data);
}

Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress) {
  const variant::Variant& variant = inputs.resolved.variant;
  const std::string uki_name = std::format("bulkhead_{}.efi", variant.version.to_string());
  const sys::Path uki = directory / uki_name;

  progress.update(0.0, "parts");
  TRY(copy_part(inputs.sealed.root, directory / "root.erofs"));
  TRY(copy_part(inputs.sealed.verity, directory / "root.verity"));
  TRY(copy_part(inputs.sealed.signature, directory / "root.verity-sig"));
  TRY(copy_part(inputs.uki, uki));

  progress.update(0.1, "disk.img");
  const sys::Path raw = directory / "disk.img";
  const disk::DiskInputs disk{
      .sizes = variant.partitions,
      .version = variant.version,
      .root = inputs.sealed,
      .esp_files = bootloader::esp_files(inputs.boot_loader, uki, variant.version),
      .epoch = inputs.resolved.packages.source_date_epoch,
  };
  TRY(disk::build(disk, raw));
  progress.update(0.4, "disk.qcow2");
  TRY(disk::write_qcow2(raw, directory / "disk.qcow2"));
  progress.update(0.5, "disk.img.zst");
  TRY(disk::write_zstd(raw, directory / "disk.img.zst"));

  progress.update(0.7, "packages.lock, sbom.spdx.json");
  TRY(sys::write_file_atomically(directory / "packages.lock", packages::write_lock(inputs.resolved.packages)));
  const sbom::SbomSubject subject{.variant = variant.name, .version = variant.version, .build_id = inputs.build_id};
  const std::string document = TRY(sbom::spdx_document(subject, inputs.resolved.packages, inputs.root.tree));
  TRY(sys::write_file_atomically(directory / "sbom.spdx.json", document));

  progress.update(0.8, "manifest.json");
  const std::array<std::string, 9> names = {"disk.img",   "disk.qcow2",    "disk.img.zst",
                                            "root.erofs", "root.verity",   "root.verity-sig",
                                            uki_name,     "packages.lock", "sbom.spdx.json"};
  return write_manifest(inputs, directory, names);
}

}  // namespace bulkhead::build
