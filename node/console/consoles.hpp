// The terminals that the kernel uses as consoles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::console {

// Content of /sys/class/tty/console/active: "tty0 ttyS0". Names that are not a plain device name are left out.
std::vector<std::string> parse_active(std::string_view text);

// Virtual terminals are cleared first; on a serial line, old text scrolls by, because a log may record it. Line ends
// become CR LF.
std::string for_terminal(std::string_view name, std::string_view text);

// Lets the group tty write to the active consoles, whose devices the kernel makes for root alone. udev's rules say the
// same later in the boot. For root. Errors: from the devices; those before the one that failed are open.
Result<> open_to_group();

// Writes to every active console. A console that does not accept the text within a second is skipped, because nobody
// reads it.
void write_to_all(std::string_view text);

}  // namespace bulkhead::console
