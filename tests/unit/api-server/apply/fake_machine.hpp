// A machine that behaves: units run or do not, refuse to restart when told so, and every act is written down.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api-server/apply/kernel.hpp"
#include "lib/dbus/systemd.hpp"

namespace bulkhead::testing {

class FakeSystemd final : public dbus::Systemd {
 public:
  std::map<std::string, std::string> states;  // "inactive" when missing
  std::set<std::string> broken;               // these fail whatever is done with them
  int failures_left = -1;                     // -1: broken ones stay so
  std::vector<std::string> acts;
  std::map<std::string, int> starts;  // since the unit was reset

  Result<std::string> active_state(const std::string& unit) override {
    const auto found = states.find(unit);
    return found == states.end() ? "inactive" : found->second;
  }
  Result<> act(const std::string& unit, dbus::UnitAction action) override {
    acts.push_back((action == dbus::UnitAction::reload ? "reload " : "restart ") + unit);
    if (action != dbus::UnitAction::reload && ++starts[unit] > kStartLimit) {
      states[unit] = "failed";
      return fail(ErrorCode::unavailable, "restarting {}: start-limit-hit", unit);
    }
    if (!broken.contains(unit) || failures_left == 0) return {};
    if (failures_left > 0) --failures_left;
    return fail(ErrorCode::unavailable, "restarting {}: failed", unit);
  }
  Result<> reset_failed(const std::string& unit) override {
    starts.erase(unit);
    return {};
  }
  Result<> reboot() override { return {}; }

 private:
  static constexpr int kStartLimit = 5;  // DefaultStartLimitBurst=, systemd-system.conf(5); all starts count as quick
};

class FakeKernel final : public apply::Kernel {
 public:
  std::string hostname;
  std::string lockdown;
  std::string smt;

  Result<> set_hostname(const std::string& name) override {
    hostname = name;
    return {};
  }
  Result<> set_lockdown(const std::string& mode) override {
    lockdown = mode;
    return {};
  }
  Result<> set_smt(const std::string& wanted) override {
    smt = wanted;
    return {};
  }
};

}  // namespace bulkhead::testing
