#include "lib/cli/progress.hpp"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "lib/cli/terminal.hpp"

namespace bulkhead::cli {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr auto kRedraw = std::chrono::milliseconds(100);

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// Failures to write are ignored: progress is of no use when stderr is closed.
void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Progress::Progress(const Invocation& invocation, int stages)
    : silent_(invocation.verbosity < 0),
      verbose_(invocation.verbosity > 0),
      terminal_(is_terminal(STDERR_FILENO)),
      color_(use_color(invocation.color, STDERR_FILENO)),
      stages_(stages) {}

Progress::~Progress() { erase(); }

void Progress::begin(std::string_view stage) {
  erase();
  ++current_;
  stage_ = stage;
  stage_start_ = std::chrono::steady_clock::now();
  if (silent_) return;
  if (terminal_) {
    draw(0, {});
  } else if (verbose_) {
    print(std::format("[{}/{}] {}\n", current_, stages_, stage_));
  }
}

void Progress::update(double fraction, std::string_view detail) {
  if (silent_ || !terminal_ || std::chrono::steady_clock::now() - last_draw_ < kRedraw) return;
  draw(fraction, detail);
}

void Progress::end(std::string_view outcome) {
  erase();
  if (silent_) return;
  const std::string counter = styled(std::format("[{}/{}]", current_, stages_), Style::dim, color_);
  print(std::format("{} {}: {} ({:.1f} s)\n", counter, stage_, styled(outcome, Style::green, color_),
                    seconds_since(stage_start_)));
}

void Progress::note(std::string_view text) {
  if (silent_) return;
  erase();
  print(std::format("{}\n", text));
}

void Progress::draw(double fraction, std::string_view detail) {
  erase();
  const double part = std::clamp(fraction, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(kBarWidth));
  std::string bar(filled, '#');
  bar.append(kBarWidth - filled, '.');
  std::string line = std::format("[{}/{}] {:<12} [{}] {:3.0f}%", current_, stages_, stage_, bar, part * 100);
  if (!detail.empty()) line.append("  ").append(detail);
  // A line that wraps could not be erased again. Cut between characters, not inside one.
  std::size_t end = std::min(line.size(), terminal_width() - 1);
  while (end > 0 && end < line.size() && (static_cast<unsigned char>(line[end]) & 0xc0U) == 0x80U) --end;
  line.resize(end);
  print(line);
  std::fflush(stderr);
  drawn_ = true;
  last_draw_ = std::chrono::steady_clock::now();
}

void Progress::erase() {
  if (!drawn_) return;
  print("\r\x1b[K");
  drawn_ = false;
}

}  // namespace bulkhead::cli
