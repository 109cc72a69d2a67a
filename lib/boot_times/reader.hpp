// The times of the running system's boot: systemd's, by its private socket, and those that the initrd left.
#pragma once

#include "lib/boot_times/boot_times.hpp"

namespace bulkhead::boot_times {

// Blocks for some hundred calls to process 1. Errors: those of the connection.
Result<BootTimes> read();

}  // namespace bulkhead::boot_times
