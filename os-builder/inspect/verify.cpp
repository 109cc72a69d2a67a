#include "os-builder/inspect/verify.hpp"

#include <algorithm>

#include "lib/crypto/pkcs7.hpp"
#include "lib/gpt/derived_uuid.hpp"
#include "lib/slots/entry_name.hpp"
#include "lib/verity/hash_tree.hpp"
#include "os-builder/disk/read.hpp"
#include "os-builder/inspect/verify_content.hpp"
#include "os-builder/uki/signing.hpp"

namespace bulkhead::inspect {
namespace {

struct Certificates {
  sys::Path signature_db;  // PEM
  crypto::Certificate root_hash;
};

Result<Certificates> load_certificates(const sys::Path& directory) {
  const sys::Path signature_db = directory / "db.pem";
  TRY(crypto::Certificate::load(signature_db));
  auto root_hash = TRY(crypto::Certificate::load(directory / "root-hash.pem"));
  return Certificates{.signature_db = signature_db, .root_hash = std::move(root_hash)};
}

std::unexpected<Error> refuse(std::string what) { return fail(error(ErrorCode::verification_failed, "{}", what)); }

class Checks {
 public:
  void record(std::string name, const Result<>& outcome, std::string detail = {}) {
    list_.push_back({.name = std::move(name),
                     .state = outcome ? CheckState::passed : CheckState::failed,
                     .detail = outcome ? std::move(detail) : outcome.error().describe()});
  }
  void skip(std::string name, std::string why) {
    list_.push_back({.name = std::move(name), .state = CheckState::skipped, .detail = std::move(why)});
  }
  std::vector<Check> take() && { return std::move(list_); }

 private:
  std::vector<Check> list_;
};

Result<> no_findings(const std::vector<std::string>& findings) {
  if (findings.empty()) return {};
  std::string text;
  for (const std::string& finding : findings) text += (text.empty() ? "" : "; ") + finding;
  return refuse(std::move(text));
}

// What the checks of a disk share.
struct Subject {
  const ImageFile& file;
  const Certificates& certificates;
  const disk::DiskContent& content;
  const sys::Path& scratch;
};

Result<> check_uuids(const disk::SlotContent& slot, const Sha256& root_hash) {
  if (slot.root.uuid != gpt::root_partition_uuid(root_hash))
    return refuse("the root partition's UUID is not the start of the root hash");
  if (slot.verity.uuid != gpt::verity_partition_uuid(root_hash)) {
    return refuse("the verity partition's UUID is not the end of the root hash");
  }
  if (slot.verity_signature.uuid != gpt::verity_signature_partition_uuid(root_hash)) {
    return refuse("the signature partition's UUID is not derived from the root hash");
  }
  return {};
}

Result<> check_labels(const disk::SlotContent& slot) {
  if (!slot.version) return refuse(std::format("the root partition's label '{}' has no version", slot.root.label));
  const gpt::SlotLabels labels = TRY(gpt::slot_labels(*slot.version));
  if (slot.verity.label != labels.verity || slot.verity_signature.label != labels.verity_signature) {
    return refuse(std::format("the labels '{}', '{}' and '{}' name different versions", slot.root.label,
                              slot.verity.label, slot.verity_signature.label));
  }
  return {};
}

Result<> check_root_hash_signature(const disk::SlotContent& slot, const crypto::Certificate& certificate) {
  if (slot.signature->certificate_fingerprint != certificate.fingerprint()) {
    return refuse(
        std::format("it was made with another certificate, {}", slot.signature->certificate_fingerprint.to_string()));
  }
  return crypto::pkcs7_verify(slot.signature->signature, certificate, as_bytes(slot.signature->root_hash.to_string()));
}

// Copies the root image and its tree out of the disk, because libcryptsetup works on whole files, and reads every
// block.
Result<> check_blocks(const Subject& subject, const disk::SlotContent& slot, const sys::Path& root) {
  if (!slot.superblock) return fail(slot.superblock.error());
  if (slot.superblock->data_size() > slot.root.size)
    return refuse("the hash tree covers more data than the partition holds");
  const sys::Path tree = subject.scratch / "verity";
  TRY(disk::extract(subject.file.raw(), slot.root.start, slot.superblock->data_size(), root));
  TRY(sys::remove_all(tree));
  TRY(disk::extract(subject.file.raw(), slot.verity.start, slot.verity.size, tree));
  return verity::verify(root, tree, slot.signature->root_hash);
}

// Returns where the verified root image is.
std::optional<sys::Path> check_slot(const Subject& subject, const disk::SlotContent& slot, Checks& checks) {
  const std::string name = std::format("slot {}", gpt::to_string(slot.slot));
  checks.record(name + ": labels", check_labels(slot), slot.version ? slot.version->to_string() : "");
  if (!slot.signature) {
    checks.record(name + ": root-hash signature", fail(slot.signature.error()));
    checks.skip(name + ": verity tree", "not checked: there is no root hash");
    return std::nullopt;
  }
  checks.record(name + ": root-hash signature", check_root_hash_signature(slot, subject.certificates.root_hash),
                slot.signature->root_hash.to_string());
  checks.record(name + ": partition UUIDs", check_uuids(slot, slot.signature->root_hash));
  sys::Path root = subject.scratch / std::format("root-{}", gpt::to_string(slot.slot));
  const auto blocks = check_blocks(subject, slot, root);
  checks.record(name + ": verity tree", blocks, blocks ? std::format("{} blocks", slot.superblock->data_blocks) : "");
  return blocks ? std::optional(root) : std::nullopt;
}

Result<> check_efi_signature(const Subject& subject, std::string_view content) {
  const sys::Path copy = subject.scratch / "program.efi";
  TRY(sys::write_file_atomically(copy, content));
  return uki::verify_signature(copy, subject.certificates.signature_db);
}

// A UKI may only name a root that is in a slot of this disk.
Result<> check_kernel_root_hash(const Subject& subject, const UnifiedKernel& kernel) {
  if (!kernel.root_hash) return refuse("the command line has no roothash=");
  const bool known = std::ranges::any_of(subject.content.slots, [&](const disk::SlotContent& slot) {
    return !slot.empty && slot.signature && slot.signature->root_hash == *kernel.root_hash;
  });
  if (!known)
    return refuse(std::format("no slot has the root hash {} of the command line", kernel.root_hash->to_string()));
  return {};
}

bool is_boot_entry(std::string_view path) { return path.starts_with(std::format("{}/", slots::kEntryDirectory)); }

// Programs that firmware or the boot loader could start; everything else on the ESP is data that need not be trusted.
void check_efi_file(const Subject& subject, const std::string& path, Checks& checks) {
  const auto content = disk::read_esp_file(subject.content.esp, path);
  if (!content) return checks.record(path + ": signature", fail(content.error()));
  const EspFile file = read_esp_file(path, as_bytes(*content));
  const bool program = content->starts_with("MZ") || path.ends_with(".efi") || path.ends_with(".EFI");
  if (!program) return;
  checks.record(path + ": signature", check_efi_signature(subject, *content), file.signer ? file.signer->subject : "");
  if (!is_boot_entry(path)) return;
  checks.record(path + ": root hash", file.kernel
                                          ? check_kernel_root_hash(subject, *file.kernel)
                                          : Result<>(refuse("it is not a unified kernel image: " + file.finding)));
}

// Each filled slot needs its own UKI, or it cannot be started.
Result<> check_bootable(const disk::DiskContent& content) {
  for (const char* path : {"EFI/BOOT/BOOTX64.EFI", "EFI/systemd/systemd-bootx64.efi"}) {
    if (!std::ranges::contains(content.esp_files, path)) return refuse(std::format("{} is missing", path));
  }
  for (const disk::SlotContent& slot : content.slots) {
    if (slot.empty || !slot.version) continue;
    const bool found = std::ranges::any_of(content.esp_files, [&](const std::string& path) {
      const auto entry = slots::EntryName::parse(path);
      return is_boot_entry(path) && entry && entry->version == *slot.version;
    });
    if (!found)
      return refuse(
          std::format("slot {} has no UKI for version {}", gpt::to_string(slot.slot), slot.version->to_string()));
  }
  return {};
}

// A file beside the image that exists, or was named explicitly.
std::optional<sys::Path> companion(const std::optional<sys::Path>& given, const sys::Path& image, const char* name) {
  if (given) return given;
  const sys::Path beside = image.parent_path() / name;
  return sys::exists(beside) ? std::optional(beside) : std::nullopt;
}

Result<> check_sbom(const disk::DiskContent& disk, const sys::Path& root_image, const sys::Path& sbom_file) {
  const std::string text = TRY(sys::read_file(sbom_file));
  const sbom::SbomContent content = TRY(sbom::parse_spdx(text));
  const Root root = TRY(read_root(root_image));
  std::map<std::string, std::string> esp_files;
  for (const std::string& path : disk.esp_files) {
    std::string content_of_file = TRY(disk::read_esp_file(disk.esp, path));
    esp_files.emplace(path, std::move(content_of_file));
  }
  const BootParts parts = TRY(read_boot_parts(esp_files));
  return compare_with_sbom(root, parts, content);
}

// The signature, and that the signed list of files is the manifest's, whose digests are checked against the files.
// Without a manifest, the files that lie beside it, the image among them.
Result<> check_provenance(const VerifyOptions& options, const sys::Path& path,
                          const std::optional<sys::Path>& manifest_file, const crypto::Certificate& certificate) {
  const std::string text = TRY(sys::read_file(path));
  const sbom::Provenance provenance = TRY(sbom::verify_provenance(text, certificate));
  if (!manifest_file) return compare_with_files(provenance, options.image);
  const std::string manifest_text = TRY(sys::read_file(*manifest_file));
  const sbom::Manifest manifest = TRY(sbom::parse_manifest(manifest_text));
  return compare_with_provenance(manifest, provenance);
}

Result<> check_manifest(const sys::Path& path, const std::vector<disk::SlotContent>& slots) {
  const std::string text = TRY(sys::read_file(path));
  const sbom::Manifest manifest = TRY(sbom::parse_manifest(text));
  const bool known = std::ranges::any_of(slots, [&](const disk::SlotContent& slot) {
    return slot.signature && slot.signature->root_hash == manifest.root_hash && slot.version == manifest.version;
  });
  if (!known) return refuse("no slot has the manifest's version and root hash");
  return compare_with_files(manifest, path.parent_path());
}

void check_companions(const VerifyOptions& options, const Subject& subject, const std::optional<sys::Path>& root,
                      Checks& checks) {
  const auto sbom_file = companion(options.sbom, options.image, "sbom.spdx.json");
  if (!sbom_file) {
    checks.skip("SBOM and content", "there is no sbom.spdx.json beside the image");
  } else if (!root) {
    checks.skip("SBOM and content", "not checked: no root image could be verified");
  } else {
    checks.record("SBOM and content", check_sbom(subject.content, *root, *sbom_file));
  }
  const auto manifest = companion(options.manifest, options.image, "manifest.json");
  if (!manifest) {
    checks.skip("manifest and files", "there is no manifest.json beside the image");
  } else {
    checks.record("manifest and files", check_manifest(*manifest, subject.content.slots));
  }
  const auto provenance = companion(options.provenance, options.image, sbom::kProvenanceFile);
  if (!provenance) {
    checks.skip("provenance", std::format("there is no {} beside the image", sbom::kProvenanceFile));
  } else {
    checks.record("provenance", check_provenance(options, *provenance, manifest, subject.certificates.root_hash));
  }
}

}  // namespace

bool Verification::passed() const {
  return std::ranges::none_of(checks, [](const Check& check) { return check.state == CheckState::failed; });
}

Result<Verification> verify(const VerifyOptions& options) {
  const Certificates certificates = TRY_CTX(load_certificates(options.keys), "loading the certificates to verify with");
  const ImageFile file = TRY(ImageFile::open(options.image));
  if (file.kind() != ImageKind::disk) {
    return fail(error(ErrorCode::invalid_argument, "{} is not a disk image", options.image.native())
                    .with_hint("to look at a single part, use os-builder inspect"));
  }
  std::error_code status;
  const sys::Path parent = std::filesystem::temp_directory_path(status);
  if (status) return fail(errno_error(status.value(), "finding the directory for temporary files"));
  const sys::TempDir scratch = TRY(sys::TempDir::create(parent, "bulkhead-verify-"));

  Checks checks;
  const auto content = disk::read_disk(file.raw());
  if (!content) {
    checks.record("partition table", fail(content.error()));
    return Verification{.path = options.image.native(), .checks = std::move(checks).take()};
  }
  const Subject subject{.file = file, .certificates = certificates, .content = *content, .scratch = scratch.path()};
  checks.record("partition table", no_findings(content->table.findings),
                std::format("{} partitions, both copies", content->table.table.partitions.size()));
  checks.record("boot files", check_bootable(*content));
  for (const std::string& path : content->esp_files) check_efi_file(subject, path, checks);
  std::optional<sys::Path> root;
  for (const disk::SlotContent& slot : content->slots) {
    if (slot.empty) {
      checks.skip(std::format("slot {}", gpt::to_string(slot.slot)), "empty");
      continue;
    }
    auto verified = check_slot(subject, slot, checks);
    if (!root) root = std::move(verified);
  }
  check_companions(options, subject, root, checks);
  return Verification{.path = options.image.native(), .checks = std::move(checks).take()};
}

}  // namespace bulkhead::inspect
