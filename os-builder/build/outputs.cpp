#include "os-builder/build/outputs.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "lib/slots/entry_name.hpp"
#include "lib/sys/temp_dir.hpp"
#include "os-builder/bootloader/bootloader.hpp"
#include "os-builder/build/sbom_parts.hpp"
#include "os-builder/disk/disk.hpp"
#include "os-builder/keys/uefi_data.hpp"
#include "os-builder/launch/launch.hpp"
#include "os-builder/sbom/provenance.hpp"
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
      .sizes = inputs.variant->partitions,
      .version = inputs.variant->version,
      .root = inputs.sealed,
      .esp_files = bootloader::esp_files(inputs.boot_loader.path, uki, inputs.variant->version),
      .epoch = inputs.epoch,
  };
  TRY(disk::build(disk, raw));
  progress.update(0.4, "disk.qcow2");
  TRY(disk::write_qcow2(raw, directory / "disk.qcow2"));
  progress.update(0.5, "disk.img.zst");
  return disk::write_zstd(raw, directory / "disk.img.zst");
}

// The texts as a tar archive in zstd.
Result<> write_licenses(const rootfs::Tree& texts, std::int64_t epoch, const sys::Path& output) {
  const sys::TempDir work = TRY(sys::TempDir::create(output.parent_path(), ".licenses."));
  const sys::Path archive = work.path() / "licenses.tar";
  sys::UniqueFd fd = TRY(sys::open_file(archive, O_WRONLY | O_CREAT | O_EXCL, 0644));
  TRY_CTX(rootfs::write_tar(texts, epoch, fd.get()), "writing {}", output.filename().native());
  TRY(fd.close());
  return disk::write_zstd(archive, output);
}

// Where everything in the image came from, and under which licenses.
Result<> write_sbom(const OutputInputs& inputs, const sys::Path& directory, const sys::Path& uki) {
  TRY(sys::write_file_atomically(directory / "packages.lock", packages::write_lock(*inputs.packages)));
  const auto licenses =
      TRY(licenses::collect(*inputs.packages, inputs.root->license_documents, inputs.variant->licenses));
  TRY(write_licenses(licenses.texts, inputs.epoch, directory / "licenses.tar.zst"));
  const auto compiled_in = TRY(sbom::parse_compiled_in(inputs.compiled_in));
  const auto components = TRY(
      sbom::find_components(*inputs.root, compiled_in, inputs.variant->programs, licenses, inputs.variant->licenses));
  sbom::SbomInputs contents{
      .subject = {.variant = inputs.variant->name, .version = inputs.variant->version, .build_id = inputs.build_id},
      .packages = inputs.packages,
      .tree = &inputs.root->tree,
      .licenses = &licenses,
      .components = &components,
      .parts = {},
      .products = inputs.variant->products,
  };
  contents.parts =
      TRY(describe_parts({.packages = inputs.root->boot_packages,
                          .esp_files = bootloader::esp_files(inputs.boot_loader.path, uki, inputs.variant->version),
                          .uki = uki,
                          .initrd = inputs.initrd.path}));
  const std::string document = TRY(sbom::spdx_document(contents));
  return sys::write_file_atomically(directory / "sbom.spdx.json", document);
}

// The names of what it has written.
Result<std::vector<std::string>> write_launch_files(const OutputInputs& inputs, const sys::Path& directory) {
  const variant::Variant& variant = *inputs.variant;
  const auto disk_size = TRY(sys::file_size(directory / "disk.img"));
  const launch::LaunchSubject subject{.product = variant.product,
                                      .variant = variant.name,
                                      .description = variant.description,
                                      .version = variant.version,
                                      .build_id = inputs.build_id,
                                      .disk_size = disk_size};
  if (variant.name != "ec2" && !variant.name.starts_with("ec2-")) {
    TRY(sys::write_file_atomically(directory / launch::kLibvirtFile, launch::libvirt_domain(subject)));
    return std::vector<std::string>{launch::kLibvirtFile};
  }
  const auto enrolment = TRY_CTX(keys::make_enrolment(inputs.keys, inputs.epoch), "making Secure Boot variables");
  const std::string dictionary = TRY(keys::uefi_data_dictionary());
  const std::string uefi_data = TRY(keys::write_uefi_data(enrolment, dictionary));
  TRY(sys::write_file_atomically(directory / launch::kUefiDataFile, uefi_data));
  TRY(sys::write_file_atomically(directory / launch::kRegisterImageFile, launch::register_image(subject, uefi_data)));
  return std::vector<std::string>{launch::kUefiDataFile, launch::kRegisterImageFile};
}

Result<sbom::Manifest> describe_files(const OutputInputs& inputs, const sys::Path& directory,
                                      std::vector<std::string> names) {
  sbom::Manifest manifest{
      .variant = inputs.variant->name,
      .version = inputs.variant->version,
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
  return manifest;
}

// What the build was made from and every file so far, signed.
Result<> write_provenance(const OutputInputs& inputs, const sbom::Manifest& manifest, const sys::Path& directory) {
  sbom::ProvenanceInputs provenance{.manifest = manifest, .packages = inputs.packages, .sources = {}, .variant = {}};
  provenance.variant = TRY(stage::digest_of(*inputs.variant));
  const auto add = [&](const char* kind, const std::vector<sbom::SourceFile>& files) -> Result<> {
    for (const sbom::SourceFile& file : files) {
      // The content of a link is its target.
      Sha256 digest = crypto::sha256(file.content);
      if (file.type != "link") digest = TRY(Sha256::parse(file.content));
      provenance.sources.push_back({.name = std::format("{}/{}", kind, file.name), .sha256 = digest});
    }
    return {};
  };
  TRY(add("overlay", inputs.overlays));
  TRY(add("program", inputs.programs));
  const auto signer = TRY(crypto::Certificate::load(inputs.keys.root_hash.certificate));
  const std::string statement = sbom::provenance_statement(provenance, signer);
  const std::string envelope =
      TRY_CTX(sbom::sign_provenance(statement, inputs.keys.root_hash), "signing {}", sbom::kProvenanceFile);
  return sys::write_file_atomically(directory / sbom::kProvenanceFile, envelope);
}

// The provenance speaks of every file but itself, the manifest of that one too.
Result<> write_provenance_and_manifest(const OutputInputs& inputs, const sys::Path& directory,
                                       std::vector<std::string> names) {
  sbom::Manifest manifest = TRY(describe_files(inputs, directory, std::move(names)));
  TRY(write_provenance(inputs, manifest, directory));
  sbom::ManifestFile provenance = TRY(sbom::describe_file(directory, sbom::kProvenanceFile));
  manifest.files.push_back(std::move(provenance));
  std::ranges::sort(manifest.files, {}, &sbom::ManifestFile::name);
  return sys::write_file_atomically(directory / "manifest.json", sbom::write_manifest(manifest));
}

}  // namespace

Result<> write_outputs(const OutputInputs& inputs, const sys::Path& directory, cli::Progress& progress) {
  // Without a boot counter: how often it may be tried is a matter of the disk that it is put on.
  const std::string uki_name = slots::EntryName{.version = inputs.variant->version}.file_name();

  progress.update(0.0, "parts");
  TRY(copy_parts(inputs, directory, uki_name));
  TRY(write_disks(inputs, directory, directory / uki_name, progress));
  progress.update(0.7, "packages.lock, sbom.spdx.json, licenses.tar.zst");
  TRY_CTX(write_sbom(inputs, directory, directory / uki_name), "describing the content");
  std::vector<std::string> names = TRY(write_launch_files(inputs, directory));
  progress.update(0.8, "provenance, manifest.json");
  for (const std::string& name :
       {std::string("disk.img"), std::string("disk.qcow2"), std::string("disk.img.zst"), std::string("root.erofs"),
        std::string("root.verity"), std::string("root.verity-sig"), uki_name, std::string("packages.lock"),
        std::string("sbom.spdx.json"), std::string("licenses.tar.zst")})
    names.push_back(name);
  return write_provenance_and_manifest(inputs, directory, std::move(names));
}

}  // namespace bulkhead::build
