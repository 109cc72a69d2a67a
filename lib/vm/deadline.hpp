// A point in time after which a wait gives up. Every wait in this library takes one.
#pragma once

#include <algorithm>
#include <chrono>

namespace bulkhead::vm {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline after(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

// For poll(2): never negative, rounded up, so that a wait does not spin in its last millisecond.
inline int poll_timeout(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
}

}  // namespace bulkhead::vm
