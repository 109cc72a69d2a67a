// bulkhead-init: process 1 of the initrd. On failure it reports what failed, why, and what to do on every console,
// waits as long as panic= says, so that people can read it, and restarts the machine, so that the boot loader counts
// the try.
#include <poll.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <cstdio>

#include "lib/sys/file.hpp"
#include "node/init/boot.hpp"
#include "node/init/command_line.hpp"
#include "node/init/console.hpp"

namespace {

// For failures that have no hint of their own.
constexpr const char* kUsualHint =
    "start another version from the boot loader's menu, or write the image of this version again";

[[noreturn]] void restart(const bulkhead::Error& reason) {
  using bulkhead::init::Level;
  const auto command_line = bulkhead::sys::read_file("/proc/cmdline");
  const auto delay = bulkhead::init::restart_delay(command_line ? *command_line : std::string());
  bulkhead::init::say(Level::critical, "cannot boot: " + reason.describe());
  bulkhead::init::say(Level::critical, "what to do: " + (reason.hint.empty() ? std::string(kUsualHint) : reason.hint));
  bulkhead::init::say(Level::critical, std::format("restarting in {} s", delay.count()));
  bulkhead::init::drain_consoles();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(delay);
  // Nothing can happen any more, and process 1 gets no signals: tools/check-layers lets this one wait stand.
  ::poll(nullptr, 0, static_cast<int>(milliseconds.count()));
  ::sync();
  ::reboot(RB_AUTOBOOT);
  ::_exit(1);  // process 1 ends: the kernel panics, and panic= restarts the machine
}

}  // namespace

int main() {
  if (::getpid() != 1) {
    std::fputs("bulkhead-init: runs only as process 1 of the initrd\n", stderr);
    return 2;
  }
  const auto result = bulkhead::init::boot();
  restart(result ? bulkhead::error(bulkhead::ErrorCode::internal, "nothing was started") : result.error());
}
