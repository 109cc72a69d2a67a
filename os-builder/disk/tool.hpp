// Programs that write into disk images. A full disk is the one failure that users meet, and tools only tell it in
// words.
#pragma once

#include "lib/sys/child.hpp"

namespace bulkhead::disk {

// sys::run_checked(), with the tool's "No space left on device" as ENOSPC.
Result<std::string> run_tool(const sys::Command& command);

}  // namespace bulkhead::disk
