// The kernel's own services: its file systems, its watchdog.
#pragma once

#include <chrono>
#include <string>

#include "lib/sys/file.hpp"
#include "os-builder/initrd/init/drivers.hpp"

namespace bulkhead::init {

// mount(2) with our errors. Creates the directory `target` when it is missing.
Result<> mount_at(const std::string& source, const sys::Path& target, const char* type, unsigned long flags,
                  const std::string& data = {});

// /proc, /sys, /dev, /run.
Result<> mount_kernel_file_systems();

// The module that stands in for a watchdog of hardware. Loaded by arm_watchdog() only.
inline constexpr const char* kSoftwareWatchdog = "softdog";

// Starts the hardware watchdog, or the kernel's software one where there is none, and leaves it running: systemd takes
// it over (RuntimeWatchdogSec=), and when it does not get that far, the machine restarts. Without any watchdog: a
// warning.
void arm_watchdog(Drivers& drivers, std::chrono::seconds timeout);

}  // namespace bulkhead::init
