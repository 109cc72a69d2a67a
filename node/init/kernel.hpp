// The kernel's own services: its file systems, its watchdog, its reserve of memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "lib/sys/file.hpp"
#include "node/init/drivers.hpp"

namespace bulkhead::init {

// mount(2) with our errors. Creates the directory `target` when it is missing.
Result<> mount_at(const std::string& source, const sys::Path& target, const char* type, unsigned long flags,
                  const std::string& data = {});

// /proc, /sys, /dev, /run.
Result<> mount_kernel_file_systems();

// The module that replaces a hardware watchdog. Loaded by arm_watchdog() only.
inline constexpr const char* kSoftwareWatchdog = "softdog";

// Starts the hardware watchdog, or the kernel's software one where there is none, and leaves it running: systemd takes
// it over (RuntimeWatchdogSec=), and if the boot does not get that far, the machine restarts. Without any watchdog: a
// warning.
void arm_watchdog(Drivers& drivers, std::chrono::seconds timeout);

// Of `total` bytes of memory, what the kernel keeps free for itself (vm.min_free_kbytes): a 256th, from 8 MiB to 1 GiB.
// With huge pages, the kernel itself reserves 44 MiB on a machine of any size, and counts almost three times that as
// unavailable: too much for a small node, and too little for the network of a large one.
constexpr std::uint64_t memory_reserve(std::uint64_t total) {
  return std::clamp(total / 256, std::uint64_t{8} << 20U, std::uint64_t{1} << 30U);
}
// Sets it in the kernel; settings and sysctl.d(5) may override it later. On failure: a warning.
void set_memory_reserve();

}  // namespace bulkhead::init
