#include "lib/dbus/rights.hpp"

#include <algorithm>

#include "lib/dbus/bus.hpp"

namespace bulkhead::dbus {
namespace {

constexpr std::string_view kProperties = "org.freedesktop.DBus.Properties";

constexpr auto kLooks = std::to_array<std::string_view>(
    {"GetUnit", "ListUnits", "ListUnitsByPatterns", "ListUnitsFiltered", "LoadUnit", "Subscribe"});
constexpr auto kRestarts = std::to_array<std::string_view>({"ReloadOrRestartUnit", "RestartUnit"});
constexpr auto kSignals = std::to_array<std::string_view>({"JobRemoved", "Reloading", "UnitRemoved"});

bool may_start(const MethodCall& call) {
  const bool reboot = call.first == "reboot.target";
  return std::ranges::contains(kStartableUnits, call.first) &&
         call.second == (reboot ? "replace-irreversibly" : "replace");
}

}  // namespace

bool may_call(Caller caller, const MethodCall& call) {
  const bool manager = call.path == kSystemdPath;
  if (call.interface == kProperties) {
    const bool ours = manager || call.path.starts_with(std::string(kSystemdPath) + "/");
    return ours && (call.member == "Get" || call.member == "GetAll");
  }
  if (!manager || call.interface != kSystemdManager) return false;
  if (std::ranges::contains(kLooks, call.member)) return true;
  if (caller != Caller::api) return false;
  if (call.member == "StartUnit") return may_start(call);
  if (!std::ranges::contains(kRestartableUnits, call.first)) return false;
  if (call.member == "ResetFailedUnit") return true;
  return std::ranges::contains(kRestarts, call.member) && call.second == "replace";
}

bool is_passed_on(std::string_view interface, std::string_view member, std::string_view first) {
  if (interface == kProperties) return member == "PropertiesChanged" && first == kSystemdUnit;
  return interface == kSystemdManager && std::ranges::contains(kSignals, member);
}

}  // namespace bulkhead::dbus
