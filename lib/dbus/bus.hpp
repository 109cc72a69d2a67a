// Owners of sd-bus objects, its negative errno values as our Error, and the connection to process 1.
//
// A connection is for one thread.
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::dbus {

// org.freedesktop.systemd1(5)
inline constexpr const char* kSystemdService = "org.freedesktop.systemd1";
inline constexpr const char* kSystemdPath = "/org/freedesktop/systemd1";
inline constexpr const char* kSystemdManager = "org.freedesktop.systemd1.Manager";
inline constexpr const char* kSystemdUnit = "org.freedesktop.systemd1.Unit";

struct CloseBus {
  void operator()(sd_bus* bus) const { ::sd_bus_flush_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

struct UnrefMessage {
  void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, UnrefMessage>;

// The result of a libsystemd call, a negative errno value on failure, as an Error: "what: …".
Result<> check(int status, std::string_view what);

// Connects to process 1 over its private socket, which exists before the message bus, and only takes root. Whoever has
// such a connection may do everything with every unit. Errors: not_found, unavailable and others, from the socket.
Result<Bus> connect_to_systemd();

// The socket of bulkhead-units (node/units), which passes on what rights.hpp allows, and only the signals of
// is_passed_on(). It answers from the same early moment on.
inline constexpr const char* kUnitsSocket = "/run/bulkhead-units.sock";
Result<Bus> connect_to_units();

}  // namespace bulkhead::dbus
