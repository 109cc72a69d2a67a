#include "lib/cli/terminal.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv()
  return value == nullptr ? std::string_view{} : value;
}

// Characters on the screen, for text without wide or combining characters.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool use_color(ColorMode mode, int fd) {
  switch (mode) {
    case ColorMode::always: return true;
    case ColorMode::never: return false;
    case ColorMode::automatic: return variable("NO_COLOR").empty() && variable("TERM") != "dumb" && is_terminal(fd);
  }
  std::unreachable();
}

std::string styled(std::string_view text, Style style, bool color) {
  std::string_view sequence;
  switch (style) {
    case Style::plain: break;
    case Style::bold: sequence = "\x1b[1m"; break;
    case Style::red: sequence = "\x1b[31m"; break;
    case Style::green: sequence = "\x1b[32m"; break;
    case Style::yellow: sequence = "\x1b[33m"; break;
    case Style::dim: sequence = "\x1b[2m"; break;
  }
  if (!color || sequence.empty()) return std::string(text);
  return std::string(sequence).append(text).append("\x1b[0m");
}

std::string table(const std::vector<std::vector<std::string>>& rows, bool color) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += &row == &rows.front() ? styled(line, Style::bold, color) : line;
    text += '\n';
  }
  return text;
}

}  // namespace bulkhead::cli
