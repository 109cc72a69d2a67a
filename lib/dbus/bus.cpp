#include "lib/dbus/bus.hpp"

namespace bulkhead::dbus {
namespace {

constexpr const char* kPrivateSocket = "unix:path=/run/systemd/private";

}  // namespace

Result<> check(int status, std::string_view what) {
  if (status < 0) return fail(errno_error(-status, "{}", what));
  return {};
}

Result<Bus> connect_to_systemd() {
  sd_bus* raw = nullptr;
  TRY(check(::sd_bus_new(&raw), "making a bus connection"));
  Bus bus(raw);
  TRY(check(::sd_bus_set_address(raw, kPrivateSocket), "connecting to systemd"));
  TRY(check(::sd_bus_start(raw), "connecting to systemd"));
  return bus;
}

}  // namespace bulkhead::dbus
