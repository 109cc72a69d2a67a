// The partition table of a disk: the primary, or the backup when that is damaged.
#pragma once

#include <vector>

#include "lib/sys/file.hpp"
#include "node/init/gpt_table.hpp"

namespace bulkhead::init {

// `directory` is the disk's in sysfs, which has its sizes. Errors: not_found when neither table is intact; those of
// reading.
Result<std::vector<GptEntry>> read_disk_table(const sys::Path& disk, const sys::Path& directory);

// Writes the primary table again when only the backup is intact. False: there was nothing to do.
Result<bool> restore_primary_table(const sys::Path& disk, const sys::Path& directory);

}  // namespace bulkhead::init
