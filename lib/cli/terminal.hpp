// What the terminal can do.
#pragma once

#include <string>
#include <string_view>

#include "lib/cli/program.hpp"

namespace bulkhead::cli {

bool is_terminal(int fd);
// Honours --color, NO_COLOR and whether `fd` is a terminal.
bool use_color(ColorMode mode, int fd);

enum class Style { plain, bold, red, green, yellow, dim };
std::string styled(std::string_view text, Style style, bool color);

// Columns padded to the widest cell, two spaces between; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows, bool color);

}  // namespace bulkhead::cli
