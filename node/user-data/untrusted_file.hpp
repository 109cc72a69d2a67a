// Files from untrusted places: attached disks, files on STATE.
#pragma once

#include <optional>
#include <string>

#include "lib/sys/file.hpp"

namespace bulkhead::collect {

// The content of a regular file below an open directory. No symbolic link is followed and no mount point crossed on the
// way. Empty when it does not exist. Errors: failed_precondition when it is not a regular file, or larger than `limit`.
Result<std::optional<std::string>> read_below(int directory, const sys::Path& path, std::size_t limit);

// The same for a path whose directories are trusted.
Result<std::optional<std::string>> read_plain(const sys::Path& path, std::size_t limit);

}  // namespace bulkhead::collect
