// Finds partitions, waiting for the kernel to announce them.
#pragma once

#include <chrono>

#include "node/init/drivers.hpp"
#include "node/init/slot.hpp"

namespace bulkhead::init {

// The ESP that the UKI was started from. Errors: unavailable when the firmware does not say, permission_denied and
// invalid_argument as those of parse_esp_variable().
Result<gpt::PartitionUuid> started_from();

// As choose_slot(). Waits for uevents, at most `timeout`; loads the drivers of devices that appear meanwhile. Errors:
// those of choose_slot(); unavailable, saying what is missing and which partitions there are.
Result<SlotPartitions> find_slot(const gpt::PartitionUuid& esp, const PartitionName& data, const PartitionName& hash,
                                 Drivers& drivers, std::chrono::seconds timeout);

// Disks come in any order, and a copy of the right one may have been the first. Errors: permission_denied when there
// is another disk with this ESP by now.
Result<> check_is_only_disk(const gpt::PartitionUuid& esp, const PartitionName& data, const PartitionName& hash);

}  // namespace bulkhead::init
