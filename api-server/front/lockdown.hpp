// Gives up what the front does not need, for good.
#pragma once

#include "lib/base/result.hpp"

namespace bulkhead::front {

// From now on this process has no capability, can get none, can start no program, and can ask the kernel only for what
// serving sockets that it is handed takes: it cannot open a file, make a socket, or connect one. Anything else fails
// with EPERM (seccomp(2)); it does not end the process. Errors: those of the kernel; then nothing may be served.
Result<> lock_down();

}  // namespace bulkhead::front
