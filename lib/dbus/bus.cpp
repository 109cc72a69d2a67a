#include "lib/dbus/bus.hpp"

#include <format>
#include <string>

namespace bulkhead::dbus {
namespace {

constexpr const char* kPrivateSocket = "unix:path=/run/systemd/private";

Result<Bus> connect(const std::string& address, std::string_view what) {
  sd_bus* raw = nullptr;
  TRY(check(::sd_bus_new(&raw), "making a bus connection"));
  Bus bus(raw);
  TRY(check(::sd_bus_set_address(raw, address.c_str()), what));
  TRY(check(::sd_bus_start(raw), what));
  return bus;
}

}  // namespace

Result<> check(int status, std::string_view what) {
  if (status < 0) return fail(errno_error(-status, "{}", what));
  return {};
}

Result<Bus> connect_to_systemd() { return connect(kPrivateSocket, "connecting to systemd"); }

Result<Bus> connect_to_units() {
  return connect(std::format("unix:path={}", kUnitsSocket), "connecting to bulkhead-units");
}

}  // namespace bulkhead::dbus
