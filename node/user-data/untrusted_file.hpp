// Files from places that we do not trust: disks that somebody attached, files that somebody left.
#pragma once

#include <optional>
#include <string>

#include "lib/sys/file.hpp"

namespace bulkhead::user_data {

// The content of a regular file below an open directory. No symbolic link is followed and no mount point crossed on
// the way. Nothing when it is not there. Errors: failed_precondition for what is no regular file, or longer than
// `limit`.
Result<std::optional<std::string>> read_below(int directory, const sys::Path& path, std::size_t limit);

// The same for a path whose directories are trusted.
Result<std::optional<std::string>> read_plain(const sys::Path& path, std::size_t limit);

}  // namespace bulkhead::user_data
