#include "node/init/console.hpp"

#include <fcntl.h>
#include <termios.h>

#include <format>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::init {

void say(Level level, std::string_view text) {
  const std::string line = std::format("<{}>bulkhead-init: {}\n", static_cast<int>(level), text);
  if (auto log = sys::open_file("/dev/kmsg", O_WRONLY); log && sys::write_all(log->get(), as_bytes(line))) return;
  // Nothing is left to report this failure to.
  static_cast<void>(sys::write_all(2, as_bytes(std::string_view(line).substr(3))));
}

void drain_consoles() {
  // The kernel writes its log to the consoles when it gets their lock, and while somebody else has it, not at all.
  // Opening the console waits for the lock, and writes what was left.
  const auto console = sys::open_file("/dev/console", O_WRONLY | O_NOCTTY);
  ::tcdrain(console ? console->get() : 2);
}

}  // namespace bulkhead::init
