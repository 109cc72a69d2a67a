// Units, through systemd's manager: org.freedesktop.systemd1(5). The seam between us and process 1.
//
// Calls block until the job is over. One object is for one thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/base/result.hpp"

namespace bulkhead::dbus {

enum class UnitAction { start, reload, restart };

class Systemd {
 public:
  Systemd() = default;
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;
  virtual ~Systemd() = default;

  // ActiveState of a unit: "active", "inactive", "failed", …; "inactive" for one that does not exist.
  virtual Result<std::string> active_state(const std::string& unit) = 0;
  // Waits until the unit's job is over. A reload of a unit that cannot reload is a restart. Errors: unavailable, with
  // the unit's result, when the job failed or timed out.
  virtual Result<> act(const std::string& unit, UnitAction action) = 0;
  // Forgets that the unit failed, and how often it was started lately: systemd refuses the sixth start within ten
  // seconds (DefaultStartLimitBurst=), whoever asks. A unit that is not loaded has nothing to forget.
  virtual Result<> reset_failed(const std::string& unit) = 0;
  virtual Result<> reboot() = 0;
};

// Through bulkhead-units (bus.hpp), which allows what the API server needs: rights.hpp.
class SystemdBus final : public Systemd {
 public:
  // Connects on first use, and again after process 1 closed the connection.
  static std::unique_ptr<SystemdBus> lazy();
  ~SystemdBus() override;

  Result<std::string> active_state(const std::string& unit) override;
  Result<> act(const std::string& unit, UnitAction action) override;
  Result<> reset_failed(const std::string& unit) override;
  Result<> reboot() override;

 private:
  struct Connection;
  SystemdBus();
  Result<Connection*> connection();

  std::unique_ptr<Connection> connection_;
};

}  // namespace bulkhead::dbus
