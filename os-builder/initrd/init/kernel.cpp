#include "os-builder/initrd/init/kernel.hpp"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/text.hpp"
#include "os-builder/initrd/init/console.hpp"

namespace bulkhead::init {
namespace {

constexpr const char* kSoftwareWatchdog = "softdog";
constexpr const char* kWatchdog = "/dev/watchdog0";

// finit_module(2); glibc has no wrapper. A module that is there already is a success.
Result<> load_module(std::string_view name) {
  const sys::UniqueFd file = TRY(sys::open_file(std::format("/modules/{}.ko", name), O_RDONLY));
  if (::syscall(SYS_finit_module, file.get(), "", 0) < 0 && errno != EEXIST) return fail_errno("loading module {}", name);
  return {};
}

Result<> start_watchdog(std::chrono::seconds timeout) {
  if (!sys::exists(kWatchdog)) TRY(load_module(kSoftwareWatchdog));
  // Closing without the magic character leaves it running (Documentation/watchdog/watchdog-api.rst).
  const sys::UniqueFd device = TRY(sys::open_file(kWatchdog, O_WRONLY));
  int seconds = static_cast<int>(timeout.count());
  if (::ioctl(device.get(), WDIOC_SETTIMEOUT, &seconds) < 0) return fail_errno("setting the watchdog to {} s", timeout.count());
  if (::ioctl(device.get(), WDIOC_KEEPALIVE, 0) < 0) return fail_errno("starting the watchdog");
  return {};
}

}  // namespace

Result<> mount_at(const std::string& source, const sys::Path& target, const char* type, unsigned long flags, const std::string& data) {
  if (::mkdir(target.c_str(), 0755) < 0 && errno != EEXIST) return fail_errno("creating {}", target.native());
  if (::mount(source.c_str(), target.c_str(), type, flags, data.c_str()) < 0) {
    return fail_errno("mounting {} on {}", source, target.native());
  }
  return {};
}

Result<> mount_kernel_file_systems() {
  static constexpr unsigned long kStrict = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  TRY(mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755,size=4m"));
  TRY(mount_at("proc", "/proc", "proc", kStrict));
  TRY(mount_at("sysfs", "/sys", "sysfs", kStrict));
  return mount_at("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=20%");
}

Result<> load_modules() {
  const std::string list = TRY(sys::read_file("/modules/load", 64U << 10U));
  for (const std::string_view name : split(list, '\n')) {
    if (name.empty() || name == kSoftwareWatchdog) continue;
    if (const auto done = load_module(name); !done) say(Level::warning, done.error().describe());
  }
  return {};
}

void arm_watchdog(std::chrono::seconds timeout) {
  if (const auto done = start_watchdog(timeout); !done) {
    say(Level::warning, "no watchdog, a hang will not be noticed: " + done.error().describe());
  }
}

}  // namespace bulkhead::init
