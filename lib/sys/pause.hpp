// The time between two tries, which ends at once on SIGTERM.
//
// Only for programs of one thread: another one would take the signal.
#pragma once

#include <chrono>

namespace bulkhead::sys {

// Waits for SIGTERM, at most for `longest`. False when the signal came, which is taken: the caller ends the program in
// order, instead of the kernel in the middle of something.
bool pause_until_sigterm(std::chrono::milliseconds longest);

}  // namespace bulkhead::sys
