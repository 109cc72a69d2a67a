// Filling and checking a slot of a disk image.
#pragma once

#include <optional>

#include "lib/crypto/certificate.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "lib/gpt/table.hpp"
#include "os-builder/disk/read.hpp"
#include "os-builder/seal/seal.hpp"

namespace bulkhead::disk {

// The content of a partition before it is written: zeros can be holes only in a new image.
enum class TargetContent { zero, anything };

// failed_precondition when a part is larger than its partition.
Result<> check_slot_fit(const gpt::Table& table, gpt::Slot slot, const seal::SealedRoot& root);

// Copies root, hash tree and signature into the slot's partitions; the partition table stays.
Result<> write_slot_content(const sys::Path& image, const gpt::Table& table, gpt::Slot slot,
                            const seal::SealedRoot& root, TargetContent before);

// Puts a sealed root into a slot of an existing image: marks the slot empty, writes and flushes the content, and names
// the partitions last, so that an interrupted call leaves no slot that looks complete.
Result<> install_slot(const sys::Path& image, gpt::Slot slot, const seal::SealedRoot& root, const Version& version);

// Checks everything in a slot that read_disk() found: UUIDs against the root hash, the signature against the
// certificate, and the hash tree over every block (copied to `work`, a directory with room for the slot). Errors:
// verification_failed; failed_precondition for an empty slot.
Result<> verify_slot(const sys::Path& image, const SlotContent& slot, const crypto::Certificate& root_hash_certificate,
                     const sys::Path& work);

}  // namespace bulkhead::disk
