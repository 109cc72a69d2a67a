#include "lib/boot_times/reader.hpp"

#include <algorithm>
#include <cstdlib>

#include "lib/dbus/bus.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::boot_times {
namespace {

using dbus::check;

// org.freedesktop.systemd1(5): microseconds of CLOCK_MONOTONIC, 0 for what has not happened.
Result<Moment> property(sd_bus* bus, const std::string& path, const char* interface, const char* name) {
  std::uint64_t value = 0;
  TRY(check(
      ::sd_bus_get_property_trivial(bus, dbus::kSystemdService, path.c_str(), interface, name, nullptr, 't', &value),
      name));
  return Moment(value);
}

Result<std::vector<std::string>> after_of(sd_bus* bus, const std::string& path) {
  char** names = nullptr;
  TRY(check(::sd_bus_get_property_strv(bus, dbus::kSystemdService, path.c_str(), dbus::kSystemdUnit, "After", nullptr,
                                       &names),
            "reading After="));
  std::vector<std::string> result;
  for (char** name = names; name != nullptr && *name != nullptr; ++name) {
    result.emplace_back(*name);
    ::free(*name);
  }
  ::free(static_cast<void*>(names));
  return result;
}

// Nothing for a unit that was never started.
Result<std::optional<UnitTimes>> unit_times(sd_bus* bus, const std::string& name, const std::string& path) {
  const auto at = [&](const char* property_name) { return property(bus, path, dbus::kSystemdUnit, property_name); };
  UnitTimes unit{.unit = name};
  unit.started = TRY(at("InactiveExitTimestampMonotonic"));
  if (unit.started == Moment(0)) return std::nullopt;
  const Moment active = TRY(at("ActiveEnterTimestampMonotonic"));
  // A oneshot that does not stay is never active: it was ready when it ended.
  const Moment ended = TRY(at("InactiveEnterTimestampMonotonic"));
  for (const Moment moment : {ended, active}) {
    if (moment >= unit.started) unit.ready = moment;
  }
  unit.after = TRY(after_of(bus, path));
  return unit;
}

// ListUnits answers a(ssssssouso): name, description, load state, active state, sub state, following, path, …
Result<std::vector<std::pair<std::string, std::string>>> list_units(sd_bus* bus) {
  sd_bus_message* raw = nullptr;
  TRY(check(::sd_bus_call_method(bus, dbus::kSystemdService, dbus::kSystemdPath, dbus::kSystemdManager, "ListUnits",
                                 nullptr, &raw, ""),
            "listing units"));
  const dbus::Message list(raw);
  TRY(check(::sd_bus_message_enter_container(list.get(), 'a', "(ssssssouso)"), "listing units"));
  std::vector<std::pair<std::string, std::string>> units;
  for (;;) {
    const char* name = nullptr;
    const char* path = nullptr;
    const int more = ::sd_bus_message_read(list.get(), "(ssssssouso)", &name, nullptr, nullptr, nullptr, nullptr,
                                           nullptr, &path, nullptr, nullptr, nullptr);
    TRY(check(more, "listing units"));
    if (more == 0) return units;
    units.emplace_back(name, path);
  }
}

std::optional<Moment> if_any(Moment moment) { return moment == Moment(0) ? std::nullopt : std::optional(moment); }

std::optional<Moment> initrd_started() {
  const auto text = sys::read_file(sys::Path(kInitrdFile), 64);
  if (!text) return std::nullopt;
  const auto moment = parse_initrd_text(*text);
  return moment ? std::optional(*moment) : std::nullopt;
}

}  // namespace

Result<BootTimes> read() {
  const dbus::Bus bus = TRY(dbus::connect_to_units());
  const auto at = [&](const char* name) {
    return property(bus.get(), dbus::kSystemdPath, dbus::kSystemdManager, name);
  };
  // Both count back from the start of the kernel.
  const Moment firmware = TRY(at("FirmwareTimestampMonotonic"));
  const Moment loader = TRY(at("LoaderTimestampMonotonic"));
  BootTimes boot;
  boot.firmware = if_any(firmware > loader ? firmware - loader : Moment(0));
  boot.loader = if_any(loader);
  boot.initrd = initrd_started();
  boot.userspace = TRY(at("UserspaceTimestampMonotonic"));
  const Moment finished = TRY(at("FinishTimestampMonotonic"));
  boot.finished = if_any(finished);
  const auto units = TRY(list_units(bus.get()));
  for (const auto& [name, path] : units) {
    auto unit = TRY(unit_times(bus.get(), name, path));
    if (unit) boot.units.push_back(*std::move(unit));
  }
  std::ranges::stable_sort(boot.units, {}, &UnitTimes::started);
  return boot;
}

}  // namespace bulkhead::boot_times
