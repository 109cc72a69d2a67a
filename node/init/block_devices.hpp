// Finds partitions, waiting for the kernel to announce them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "node/init/drivers.hpp"
#include "node/init/gpt_table.hpp"
#include "node/init/partition.hpp"
#include "node/init/uevent.hpp"

namespace bulkhead::init {

struct Partition {
  BlockDevice device;
  BlockDevice disk;
  // From the partition table; zero when the disk has none.
  gpt::PartitionUuid type;
  gpt::PartitionUuid uuid;
};

struct SlotPartitions {
  Partition data;
  Partition hash;
  std::vector<Partition> siblings;  // every partition of the disk that holds `data`, in order of number
};

// Both partitions, on the same disk. Waits for uevents, at most `timeout`; loads the drivers of devices that appear
// meanwhile. Errors: unavailable, saying what is missing and which partitions there are.
Result<SlotPartitions> find_slot(const PartitionName& data, const PartitionName& hash, Drivers& drivers,
                                 std::chrono::seconds timeout);

// The first sibling of this kind.
std::optional<Partition> sibling_of_kind(const SlotPartitions& slot, gpt::PartitionKind kind);

}  // namespace bulkhead::init
