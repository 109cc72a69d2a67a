#include "os-builder/disk/slot.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "lib/crypto/pkcs7.hpp"
#include "lib/gpt/derived_uuid.hpp"
#include "lib/sys/temp_dir.hpp"
#include "lib/verity/hash_tree.hpp"
#include "os-builder/disk/layout.hpp"
#include "os-builder/disk/tool.hpp"

namespace bulkhead::disk {
namespace {

struct Part {
  unsigned number;
  sys::Path file;
  std::string_view what;
};

std::array<Part, 3> parts_of(gpt::Slot slot, const seal::SealedRoot& root) {
  const gpt::SlotLayout numbers = gpt::slot_layout(slot);
  return {{{numbers.root, root.root, "the root image"},
           {numbers.verity, root.verity, "the hash tree"},
           {numbers.verity_signature, root.signature, "the root hash signature"}}};
}

Result<gpt::Partition> partition_of(const gpt::Table& table, unsigned number) {
  const gpt::Partition* partition = table.find(number);
  if (partition == nullptr) return fail(ErrorCode::failed_precondition, "the disk has no partition {}", number);
  return *partition;
}

Result<> mark_empty(const sys::Path& image, const gpt::Table& table, gpt::Slot slot) {
  const gpt::SlotLayout numbers = gpt::slot_layout(slot);
  std::vector<gpt::Partition> partitions;
  for (const unsigned number : {numbers.root, numbers.verity, numbers.verity_signature}) {
    const gpt::Partition partition = TRY(partition_of(table, number));
    partitions.push_back(empty_partition(partition, table.disk));
  }
  return gpt::update_partitions(image, partitions);
}

std::unexpected<Error> refuse(std::string what) { return fail(error(ErrorCode::verification_failed, "{}", what)); }

Result<> verify_names(const SlotContent& slot, const Sha256& root_hash) {
  if (slot.root.uuid != gpt::root_partition_uuid(root_hash))
    return refuse("the root partition's UUID is not the start of the root hash");
  if (slot.verity.uuid != gpt::verity_partition_uuid(root_hash))
    return refuse("the verity partition's UUID is not the end of the root hash");
  if (slot.verity_signature.uuid != gpt::verity_signature_partition_uuid(root_hash)) {
    return refuse("the signature partition's UUID is not derived from the root hash");
  }
  return {};
}

}  // namespace

Result<> check_slot_fit(const gpt::Table& table, gpt::Slot slot, const seal::SealedRoot& root) {
  for (const Part& part : parts_of(slot, root)) {
    const gpt::Partition partition = TRY(partition_of(table, part.number));
    TRY(check_fit(part.file, partition, part.what));
  }
  return {};
}

Result<> write_slot_content(const sys::Path& image, const gpt::Table& table, gpt::Slot slot,
                            const seal::SealedRoot& root, TargetContent before) {
  const sys::UniqueFd target = TRY(sys::open_file(image, O_WRONLY));
  for (const Part& part : parts_of(slot, root)) {
    const gpt::Partition partition = TRY(partition_of(table, part.number));
    const sys::UniqueFd source = TRY(sys::open_file(part.file, O_RDONLY));
    const std::uint64_t size = TRY(sys::file_size(part.file));
    TRY_CTX(sys::copy_range(source.get(), 0, target.get(), partition.start, size, before == TargetContent::zero),
            "copying {}", part.what);
  }
  return {};
}

Result<> install_slot(const sys::Path& image, gpt::Slot slot, const seal::SealedRoot& root, const Version& version) {
  const gpt::TableReading reading = TRY(gpt::read_table(image));
  TRY(check_slot_fit(reading.table, slot, root));
  const auto named = TRY(named_slot(reading.table, slot, version, root.root_hash));
  TRY(mark_empty(image, reading.table, slot));
  TRY_CTX(write_slot_content(image, reading.table, slot, root, TargetContent::anything), "filling slot {}",
          to_string(slot));
  TRY(flush(image));
  TRY(gpt::update_partitions(image, named));
  return flush(image);
}

Result<> verify_slot(const sys::Path& image, const SlotContent& slot, const crypto::Certificate& root_hash_certificate,
                     const sys::Path& work) {
  if (slot.empty) return fail(ErrorCode::failed_precondition, "slot {} is empty", to_string(slot.slot));
  if (!slot.signature)
    return refuse(std::format("slot {} has no readable root hash signature: {}", to_string(slot.slot),
                              slot.signature.error().describe()));
  if (!slot.superblock)
    return refuse(
        std::format("slot {} has no hash tree: {}", to_string(slot.slot), slot.superblock.error().describe()));
  const Sha256& root_hash = slot.signature->root_hash;
  TRY(verify_names(slot, root_hash));
  if (slot.signature->certificate_fingerprint != root_hash_certificate.fingerprint()) {
    return refuse(std::format("slot {} is signed by another key, with the certificate {}", to_string(slot.slot),
                              slot.signature->certificate_fingerprint.to_string()));
  }
  TRY_CTX(crypto::pkcs7_verify(slot.signature->signature, root_hash_certificate, as_bytes(root_hash.to_string())),
          "slot {}", to_string(slot.slot));
  if (slot.superblock->data_size() > slot.root.size)
    return refuse(
        std::format("the hash tree of slot {} covers more data than its root partition holds", to_string(slot.slot)));

  // libcryptsetup works on whole files: hash tree and data have to be copied out of the image.
  const sys::TempDir scratch = TRY(sys::TempDir::create(work, ".verify."));
  const sys::Path data = scratch.path() / "root";
  const sys::Path hashes = scratch.path() / "verity";
  TRY(extract(image, slot.root.start, slot.superblock->data_size(), data));
  TRY(extract(image, slot.verity.start, slot.verity.size, hashes));
  return verity::verify(data, hashes, root_hash);
}

}  // namespace bulkhead::disk
