// For servers that must not change the machine: no unit runs, so none is notified, and nothing is set in the kernel.
#pragma once

#include "api-server/apply/kernel.hpp"
#include "lib/dbus/systemd.hpp"

namespace bulkhead::daemon {

class NoSystemd final : public dbus::Systemd {
 public:
  Result<std::string> active_state(const std::string& /*unit*/) override { return std::string("inactive"); }
  Result<> act(const std::string& /*unit*/, dbus::UnitAction /*action*/) override { return {}; }
  Result<> reset_failed(const std::string& /*unit*/) override { return {}; }
  Result<> reboot() override {
    return fail(ErrorCode::unavailable, "this server runs with --root and does not restart the machine");
  }
};

class NoKernel final : public apply::Kernel {
 public:
  Result<> set_hostname(const std::string& /*name*/) override { return {}; }
  Result<> set_lockdown(const std::string& /*mode*/) override { return {}; }
  Result<> set_smt(const std::string& /*wanted*/) override { return {}; }
};

}  // namespace bulkhead::daemon
