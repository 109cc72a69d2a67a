// From the initrd to the real root.
#pragma once

#include "lib/sys/file.hpp"

namespace bulkhead::init {

// Moves /dev, /proc, /sys and /run below `root`, makes it the root directory, empties the initramfs and replaces this
// process by systemd. Returns only with an error; after the first move, only a restart helps.
Result<> hand_over(const sys::Path& root);

}  // namespace bulkhead::init
