// The partition table of a new disk, as a value. docs/formats/disk.md.
#pragma once

#include <string_view>

#include "lib/gpt/slot_layout.hpp"
#include "lib/gpt/table.hpp"
#include "os-builder/seal/seal.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::disk {

inline constexpr std::uint64_t kSectorSize = 512;
inline constexpr std::uint64_t kAlignment = std::uint64_t{1} << 20U;

// Space behind the last partition for one that the first boot makes (rootfs/overlay/base/usr/lib/repart.d).
struct Room {
  unsigned number = 0;  // of the partition
  std::string label;
  std::uint64_t size = 0;
  bool grows = false;  // takes the rest of a larger disk

  bool operator==(const Room&) const = default;
};

struct Layout {
  gpt::Table table;
  std::vector<Room> rooms;      // STATE, DATA
  std::uint64_t disk_size = 0;  // bytes, with room for STATE, DATA and the backup table

  bool operator==(const Layout&) const = default;
};

// ESP, slot A filled, slot B empty; room for STATE and DATA, which the first boot makes. Errors: invalid_argument for
// sizes that are zero or no multiple of 1 MiB, or a version that is too long for a label.
Result<Layout> plan_layout(const variant::PartitionSizes& sizes, const Version& version, const Sha256& root_hash);

// The three partitions of a slot with the names and UUIDs of a sealed root; start, size and type stay.
Result<std::vector<gpt::Partition>> named_slot(const gpt::Table& table, gpt::Slot slot, const Version& version,
                                               const Sha256& root_hash);

// failed_precondition when the file is larger than the partition: names both, and says by how much.
Result<> check_fit(const sys::Path& file, const gpt::Partition& partition, std::string_view what);

// Label and derived UUID of a slot's partition that holds nothing.
gpt::Partition empty_partition(gpt::Partition partition, const gpt::PartitionUuid& disk);

}  // namespace bulkhead::disk
