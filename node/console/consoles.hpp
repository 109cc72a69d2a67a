// The terminals that the kernel uses as consoles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::console {

// Content of /sys/class/tty/console/active: "tty0 ttyS0". Names that are not a plain device name are left out.
std::vector<std::string> parse_active(std::string_view text);

// Virtual terminals are cleared first; what is written to a serial line scrolls by and stays in somebody's log. Line
// ends become CR LF.
std::string for_terminal(std::string_view name, std::string_view text);

// Writes to every active console. One that does not take the text within a second is skipped: nobody reads there.
void write_to_all(std::string_view text);

}  // namespace bulkhead::console
