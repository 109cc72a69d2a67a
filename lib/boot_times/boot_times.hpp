// How long the boot of this machine took, and what waited for what. Pure functions over values; reader.hpp asks the
// running system.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::boot_times {

// Since the kernel started its clock (CLOCK_MONOTONIC), or a length of time.
using Moment = std::chrono::microseconds;

// The unit that is reached when the node is ready.
inline constexpr std::string_view kGate = "boot-complete.target";

struct UnitTimes {
  std::string unit;
  Moment started{};
  std::optional<Moment> ready{};     // nothing: not yet, or it failed
  std::vector<std::string> after{};  // the units that it is ordered behind

  bool operator==(const UnitTimes&) const = default;
};

struct BootTimes {
  std::optional<Moment> firmware{};  // what it took, before the kernel; nothing when the boot loader does not tell
  std::optional<Moment> loader{};
  std::optional<Moment> initrd{};    // when bulkhead-init started
  Moment userspace{};                // when systemd started
  std::optional<Moment> finished{};  // when systemd had nothing left to do for the first time
  std::vector<UnitTimes> units{};    // those that were started, in the order of their start

  bool operator==(const BootTimes&) const = default;
};

// For each of boot.units, in their order, what it waited for: of the units that it is ordered behind and that were
// ready when it started, the last one; nullptr when it waited for none. They point into `boot`.
std::vector<const UnitTimes*> waited_for(const BootTimes& boot);

// The form in which the initrd leaves the time of its start for the system.
inline constexpr std::string_view kInitrdFile = "/run/bulkhead/initrd-started";
std::string initrd_text(Moment started);
// Errors: invalid_argument.
Result<Moment> parse_initrd_text(std::string_view text);

}  // namespace bulkhead::boot_times
