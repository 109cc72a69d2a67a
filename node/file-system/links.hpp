// Symbolic links on DATA in the places that programs of the node write to as root. Nothing of the node makes links
// there, and who writes the disk offline could turn what these programs clear or write to another directory: containerd
// clears directories below its own that it does not know.
#pragma once

#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::file_system {

// Removes them and returns where they were, below `root`. No link is followed. What belongs to containers (/opt, /mnt,
// the content of layers and volumes) is not looked at, and a directory that cannot be read is passed over. Errors: a
// link that cannot be removed; those before it are gone.
Result<std::vector<sys::Path>> remove_links(const sys::Path& root);

}  // namespace bulkhead::file_system
