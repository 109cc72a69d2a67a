// Stable identifiers of events that an operator may search for or alert on (`journalctl MESSAGE_ID=…`). An identifier
// is never reused or changed; new ones come from `systemd-id128 new`. lib/log/bulkhead.catalog explains each.
#pragma once

#include <array>
#include <string_view>

namespace bulkhead::log {

struct MessageId {
  std::string_view id;    // 32 lower-case hex digits
  std::string_view name;  // for people who read the source
};

inline constexpr MessageId kNodeReady{"6a9e3d5f14c84f0ea8fe0a8d40d4ab61", "node-ready"};
inline constexpr MessageId kNodeDegraded{"0f6c2f64a4b94f0c9c3c4b4b9d3f2a17", "node-degraded"};
inline constexpr MessageId kMachineIdCommitted{"b2f4a9d7a31e4b7f8b6c41a1c8de5a03", "machine-id-committed"};
inline constexpr MessageId kPowerButton{"a107cbe3d645461297e5d0e81fb215be", "power-button"};
inline constexpr MessageId kAudit{"3f0a6d1c9be84c0b8a4d2f7f5a0c61d2", "audit"};
inline constexpr MessageId kUserDataRefused{"d6c1f0b27e5b4b0e9a6f8a9c3e1d2b47", "user-data-refused"};

inline constexpr MessageId kFileSystemLost{"5d7f2c8e90a14b6fb1c3e64d2f8a7b19", "file-system-lost"};

inline constexpr std::array kMessageIds = {kNodeReady, kNodeDegraded,    kMachineIdCommitted, kPowerButton,
                                           kAudit,     kUserDataRefused, kFileSystemLost};

}  // namespace bulkhead::log
