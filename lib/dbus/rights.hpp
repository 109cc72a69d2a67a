// What services may ask of systemd's manager, org.freedesktop.systemd1(5), through bulkhead-units: everybody may look,
// and the API server may also notify its own units. Pure; node/units enforces it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::dbus {

enum class Caller : std::uint8_t {
  reader,
  api,  // the API server: who connects as root
};

// The units of services that settings configure. api-server/render/services.cpp has what each of them reads.
inline constexpr auto kRestartableUnits = std::to_array<std::string_view>(
    {"bulkhead-firewall.service", "containerd.service", "systemd-modules-load.service", "systemd-networkd.service",
     "systemd-resolved.service", "systemd-sysctl.service", "systemd-timesyncd.service"});
// What an admin may start by the API: a file system made anew, a restart of the machine.
inline constexpr auto kStartableUnits =
    std::to_array<std::string_view>({"bulkhead-reset@data.service", "bulkhead-reset@state.service", "reboot.target"});

struct MethodCall {
  std::string path{};
  std::string interface{};
  std::string member{};
  std::string first{};  // the first two arguments, if they are texts: a unit and a mode, an interface and a property
  std::string second{};

  bool operator==(const MethodCall&) const = default;
};

bool may_call(Caller caller, const MethodCall& call);

// Whether a signal is passed on. `first` is its first argument, if it is a text.
bool is_passed_on(std::string_view interface, std::string_view member, std::string_view first);

}  // namespace bulkhead::dbus
