// The initrd as a recipe: from the kernel's first process to systemd on a verified root.
#pragma once

#include "lib/base/result.hpp"

namespace bulkhead::init {

// Returns only with an error. Needs to be process 1.
Result<> boot();

}  // namespace bulkhead::init
