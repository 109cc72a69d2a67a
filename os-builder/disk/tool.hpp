// Programs that write into disk images. A full disk is the failure that users meet, and the tools report it only as
// text.
#pragma once

#include "lib/sys/child.hpp"

namespace bulkhead::disk {

// sys::run_checked() for a program that writes to `target`. When it fails and the file system there is full, the error
// is ENOSPC.
Result<std::string> run_tool(const sys::Command& command, const sys::Path& target);

// Waits until what was written to the image is on its disk: fdatasync(2).
Result<> flush(const sys::Path& image);

}  // namespace bulkhead::disk
