// /etc of the running system: a tmpfs, filled from the image at each boot.
#pragma once

#include "lib/sys/file.hpp"

namespace bulkhead::init {

// Mounts a tmpfs on <root>/etc and copies <root>/usr/share/factory/etc into it: directories, regular files and
// symlinks, with owners, modes, times and extended attributes. Symlinks are copied, never followed. Errors: not_found
// when the image has no such folder.
Result<> prepare_etc(const sys::Path& root);

}  // namespace bulkhead::init
