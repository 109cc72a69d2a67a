// Messages of the initrd. They go through the kernel's log, so that they reach every console and, if the boot
// continues, the journal.
#pragma once

#include <string_view>

namespace bulkhead::init {

enum class Level : int { critical = 2, warning = 4, info = 6 };  // syslog's numbers

// One line. Falls back to standard error when there is no kernel log. Never fails.
void say(Level level, std::string_view text);

// Returns when the consoles have shown everything that was said: a restart does not wait for them. Never fails.
void drain_consoles();

}  // namespace bulkhead::init
