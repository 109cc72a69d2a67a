// Keeps the machine id that the initrd chose (node/init/identity.hpp) on STATE, so that it survives
// updates, a change of the firmware's product UUID and a reset of DATA.
#pragma once

#include "lib/sys/file.hpp"

namespace bulkhead::machine_id {

enum class StoreResult { unchanged, written };

// Makes `stored` equal to `current`, durably (fsync of file and directory). A `current` that is not a machine id is
// refused with failed_precondition and nothing is written.
Result<StoreResult> commit_machine_id(const sys::Path& current, const sys::Path& stored);

}  // namespace bulkhead::machine_id
