// The partition table of a disk: the primary, or the backup when that is damaged.
#pragma once

#include <vector>

#include "lib/sys/file.hpp"
#include "node/init/gpt_table.hpp"
#include "node/init/uevent.hpp"

namespace bulkhead::init {

// `directory` is the disk's in sysfs. Errors: not_found when neither table is intact; those of reading.
Result<std::vector<GptEntry>> read_disk_table(const BlockDevice& disk, const sys::Path& directory);

// Writes the primary table again when only the backup is intact. False: there was nothing to do.
Result<bool> restore_primary_table(const BlockDevice& disk);

}  // namespace bulkhead::init
