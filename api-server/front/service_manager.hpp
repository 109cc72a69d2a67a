// What systemd is told, by the protocol of sd_notify(3), over a socket that is opened once: later the front can open
// none.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::front {

class ServiceManager {
 public:
  // $NOTIFY_SOCKET and $WATCHDOG_USEC; without them notify() does nothing. Errors: those of connecting.
  static Result<ServiceManager> of_environment();

  // "READY=1". Whether it arrives is not known.
  void notify(std::string_view state) const;
  // How often it wants a sign of life; empty: never.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  ServiceManager() = default;

  sys::UniqueFd socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace bulkhead::front
