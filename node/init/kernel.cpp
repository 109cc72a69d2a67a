#include "node/init/kernel.hpp"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "lib/base/hex.hpp"
#include "node/init/console.hpp"

namespace bulkhead::init {
namespace {

constexpr const char* kWatchdog = "/dev/watchdog0";

Result<> start_watchdog(Drivers& drivers, std::chrono::seconds timeout) {
  if (!sys::exists(kWatchdog)) TRY(drivers.load(kSoftwareWatchdog));
  // Closing without the magic character leaves it running (Documentation/watchdog/watchdog-api.rst).
  const sys::UniqueFd device = TRY(sys::open_file(kWatchdog, O_WRONLY));
  int seconds = static_cast<int>(timeout.count());
  if (::ioctl(device.get(), WDIOC_SETTIMEOUT, &seconds) < 0)
    return fail_errno("setting the watchdog to {} s", timeout.count());
  if (::ioctl(device.get(), WDIOC_KEEPALIVE, 0) < 0) return fail_errno("starting the watchdog");
  return {};
}

Result<> write_memory_reserve() {
  struct sysinfo info{};
  if (::sysinfo(&info) < 0) return fail_errno("asking how much memory there is");
  const std::string text = std::to_string(memory_reserve(std::uint64_t{info.totalram} * info.mem_unit) >> 10U);
  const sys::UniqueFd file = TRY(sys::open_file("/proc/sys/vm/min_free_kbytes", O_WRONLY));
  return sys::write_all(file.get(), as_bytes(text));
}

}  // namespace

Result<> mount_at(const std::string& source, const sys::Path& target, const char* type, unsigned long flags,
                  const std::string& data) {
  if (::mkdir(target.c_str(), 0755) < 0 && errno != EEXIST) return fail_errno("creating {}", target.native());
  if (::mount(source.c_str(), target.c_str(), type, flags, data.c_str()) < 0) {
    return fail_errno("mounting {} on {}", source, target.native());
  }
  return {};
}

Result<> mount_kernel_file_systems() {
  static constexpr unsigned long kStrict = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  TRY(mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=4m"));
  TRY(mount_at("tmpfs", "/dev/shm", "tmpfs", kStrict, "mode=1777"));  // systemd's would let programs run there
  TRY(mount_at("proc", "/proc", "proc", kStrict));
  TRY(mount_at("sysfs", "/sys", "sysfs", kStrict));
  return mount_at("tmpfs", "/run", "tmpfs", kStrict, "mode=755,size=20%");
}

void arm_watchdog(Drivers& drivers, std::chrono::seconds timeout) {
  if (const auto done = start_watchdog(drivers, timeout); !done) {
    say(Level::warning, "no watchdog, so a hang will not restart the machine: " + done.error().describe());
  }
}

void set_memory_reserve() {
  if (const auto done = write_memory_reserve(); !done)
    say(Level::warning, "the kernel's reserve of memory was not changed: " + done.error().describe());
}

}  // namespace bulkhead::init
