#include "lib/node_state/unit_watch.hpp"

#include <cstdlib>

namespace bulkhead::node_state {
namespace {

constexpr const char* kUnitPathPrefix = "/org/freedesktop/systemd1/unit";
constexpr const char* kGate = "boot-complete.target";
constexpr const char* kBlessing = "systemd-bless-boot.service";

using dbus::Bus;
using dbus::check;
using dbus::Message;

// ListUnitsFiltered answers a(ssssssouso): name, description, load state, active state, …
Result<UnitWatch::Status> read_status(sd_bus* bus) {
  UnitWatch::Status status;
  sd_bus_message* raw = nullptr;
  TRY(check(::sd_bus_call_method(bus, dbus::kSystemdService, dbus::kSystemdPath, dbus::kSystemdManager,
                                 "ListUnitsByPatterns", nullptr, &raw, "asas", 0, 2, kGate, kBlessing),
            "asking for the state of the boot"));
  const Message boot(raw);
  raw = nullptr;
  TRY(check(::sd_bus_call_method(bus, dbus::kSystemdService, dbus::kSystemdPath, dbus::kSystemdManager,
                                 "ListUnitsFiltered", nullptr, &raw, "as", 1, "failed"),
            "asking for failed units"));
  const Message failed(raw);
  for (const Message* list : {&boot, &failed}) {
    TRY(check(::sd_bus_message_enter_container(list->get(), 'a', "(ssssssouso)"), "reading the list of units"));
    const char* name = nullptr;
    const char* active = nullptr;
    for (;;) {
      const int more = ::sd_bus_message_read(list->get(), "(ssssssouso)", &name, nullptr, nullptr, &active, nullptr,
                                             nullptr, nullptr, nullptr, nullptr, nullptr);
      TRY(check(more, "reading the list of units"));
      if (more == 0) break;
      status.update(name, active);
    }
  }
  return status;
}

}  // namespace

bool UnitWatch::Status::update(const std::string& unit, std::string_view active_state) {
  const Status before = *this;
  if (unit == kGate) boot_complete = active_state == "active";
  if (unit == kBlessing) blessed = active_state == "active";
  if (active_state == "failed")
    failed_units.insert(unit);
  else
    failed_units.erase(unit);
  return !(before == *this);
}

void UnitWatch::Status::copy_to(NodeState& node) const {
  node.failed_units = failed_units;
  node.boot_complete = boot_complete;
  node.blessed = blessed;
}

Result<std::unique_ptr<UnitWatch>> UnitWatch::open(sd_event* loop, std::function<void()> on_change) {
  Bus bus = TRY(dbus::connect_to_units());
  sd_bus* raw = bus.get();
  std::unique_ptr<UnitWatch> watch(new UnitWatch(std::move(bus), std::move(on_change)));
  TRY(check(::sd_bus_match_signal(raw, nullptr, nullptr, nullptr, "org.freedesktop.DBus.Properties",
                                  "PropertiesChanged", on_properties, watch.get()),
            "watching units"));
  TRY(check(::sd_bus_match_signal(raw, nullptr, nullptr, dbus::kSystemdPath, dbus::kSystemdManager, "UnitRemoved",
                                  on_removed, watch.get()),
            "watching units"));
  TRY(check(::sd_bus_match_signal(raw, nullptr, nullptr, dbus::kSystemdPath, dbus::kSystemdManager, "Reloading",
                                  on_reloading, watch.get()),
            "watching units"));
  // Subscribed before the first query: a change in between arrives as a signal.
  TRY(check(::sd_bus_call_method(raw, dbus::kSystemdService, dbus::kSystemdPath, dbus::kSystemdManager, "Subscribe",
                                 nullptr, nullptr, nullptr),
            "subscribing to systemd"));
  watch->status_ = TRY(read_status(raw));
  TRY(check(::sd_bus_attach_event(raw, loop, SD_EVENT_PRIORITY_NORMAL), "attaching the bus to the event loop"));
  TRY(check(::sd_bus_set_exit_on_disconnect(raw, 1), "watching the connection to systemd"));
  return watch;
}

Result<UnitWatch::Status> UnitWatch::look() {
  const Bus bus = TRY(dbus::connect_to_systemd());
  return read_status(bus.get());
}

void UnitWatch::apply(const std::string& unit, std::string_view active_state) {
  if (status_.update(unit, active_state)) on_change_();
}

int UnitWatch::on_properties(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  const char* interface = nullptr;
  if (::sd_bus_message_read(message, "s", &interface) < 0 || std::string_view(interface) != dbus::kSystemdUnit)
    return 0;
  char* unit = nullptr;
  if (::sd_bus_path_decode(::sd_bus_message_get_path(message), kUnitPathPrefix, &unit) <= 0) return 0;
  const std::unique_ptr<char, void (*)(void*)> owner(unit, ::free);
  if (::sd_bus_message_enter_container(message, 'a', "{sv}") < 0) return 0;
  while (::sd_bus_message_enter_container(message, 'e', "sv") > 0) {
    const char* name = nullptr;
    const char* value = nullptr;
    if (::sd_bus_message_read(message, "s", &name) < 0) return 0;
    if (std::string_view(name) == "ActiveState") {
      if (::sd_bus_message_read(message, "v", "s", &value) > 0) static_cast<UnitWatch*>(self)->apply(unit, value);
      return 0;
    }
    if (::sd_bus_message_skip(message, "v") < 0 || ::sd_bus_message_exit_container(message) < 0) return 0;
  }
  return 0;
}

// systemd may unload a failed unit that is no longer needed.
int UnitWatch::on_removed(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  const char* unit = nullptr;
  const char* path = nullptr;
  auto* watch = static_cast<UnitWatch*>(self);
  if (watch->reloading_ || ::sd_bus_message_read(message, "so", &unit, &path) <= 0) return 0;
  if (watch->status_.forget(unit)) watch->on_change_();
  return 0;
}

// While it reads its files again, systemd unloads every unit for a moment, and it does not report those that have
// failed when they are back.
int UnitWatch::on_reloading(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
  int active = 0;
  auto* watch = static_cast<UnitWatch*>(self);
  if (::sd_bus_message_read(message, "b", &active) <= 0) return 0;
  watch->reloading_ = active != 0;
  if (watch->reloading_) return 0;
  auto status = read_status(watch->bus_.get());
  if (!status || status->failed_units == watch->status_.failed_units) return 0;
  watch->status_.failed_units = std::move(status->failed_units);
  watch->on_change_();
  return 0;
}

}  // namespace bulkhead::node_state
