// A disk image read back from its bytes alone. Nothing is verified here beyond what is needed to read; slot.hpp
// verifies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/gpt/slot_layout.hpp"
#include "lib/gpt/table.hpp"
#include "lib/verity/root_hash_signature.hpp"
#include "lib/verity/superblock.hpp"
#include "os-builder/disk/esp.hpp"

namespace bulkhead::disk {

struct SlotContent {
  gpt::Slot slot = gpt::Slot::a;
  gpt::Partition root;
  gpt::Partition verity;
  gpt::Partition verity_signature;
  bool empty = false;                // labelled "_empty"
  std::optional<Version> version{};  // from the label, which is not signed
  // The error says why there is none; in an empty slot it comes from parsing whatever bytes are there.
  Result<verity::Superblock> superblock;
  Result<verity::RootHashSignature> signature;
};

struct DiskContent {
  gpt::TableReading table;
  Esp esp;
  std::vector<std::string> esp_files;  // sorted
  std::vector<SlotContent> slots;      // A, B
};

// A raw image. Errors: data_loss when the partition table is unusable or a partition of our layout is missing or has
// another type.
Result<DiskContent> read_disk(const sys::Path& image);

// Copies a byte range of the image to a new file, sparse where it is zero.
Result<> extract(const sys::Path& image, std::uint64_t start, std::uint64_t size, const sys::Path& output);

}  // namespace bulkhead::disk
