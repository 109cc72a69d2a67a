#include "lib/dbus/systemd.hpp"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <map>

namespace bulkhead::dbus {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnitInterface = "org.freedesktop.systemd1.Unit";
constexpr const char* kPrivateSocket = "unix:path=/run/systemd/private";
// Units have their own limits (DefaultTimeoutStartSec= and its like); this one ends a wait that they do not.
constexpr auto kLongestJob = std::chrono::minutes(6);

struct MessageUnref {
  void operator()(sd_bus_message* message) const { ::sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageUnref>;

class BusError {
 public:
  BusError() = default;
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  ~BusError() { ::sd_bus_error_free(&error_); }
  sd_bus_error* get() { return &error_; }
  std::string_view name() const { return error_.name == nullptr ? "" : error_.name; }
  std::string_view text() const { return error_.message == nullptr ? "" : error_.message; }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

// libsystemd returns negative errno values.
Result<> check(int status, std::string_view what) {
  if (status < 0) return fail(errno_error(-status, "{}", what));
  return {};
}

Error failed_call(int status, const BusError& reason, std::string_view what) {
  if (reason.text().empty()) return errno_error(-status, "{}", what);
  return error(ErrorCode::unavailable, "{}: {}", what, reason.text());
}

std::string_view verb(UnitAction action) {
  switch (action) {
    case UnitAction::start: return "starting";
    case UnitAction::reload: return "reloading";
    case UnitAction::restart: return "restarting";
  }
  return "";
}

const char* method(UnitAction action) {
  switch (action) {
    case UnitAction::start: return "StartUnit";
    case UnitAction::reload: return "ReloadOrRestartUnit";
    case UnitAction::restart: return "RestartUnit";
  }
  return "";
}

}  // namespace

struct SystemdBus::Connection {
  struct Close {
    void operator()(sd_bus* opened) const { ::sd_bus_flush_close_unref(opened); }
  };
  std::unique_ptr<sd_bus, Close> bus;
  std::map<std::string, std::string> finished;  // results of jobs by their object path

  static int on_job_removed(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
    const char* job = nullptr;
    const char* result = nullptr;
    if (::sd_bus_message_read(message, "uoss", nullptr, &job, nullptr, &result) > 0)
      static_cast<Connection*>(self)->finished[job] = result;
    return 0;
  }

  Result<> open() {
    sd_bus* raw = nullptr;
    TRY(check(::sd_bus_new(&raw), "making a bus connection"));
    bus.reset(raw);
    TRY(check(::sd_bus_set_address(raw, kPrivateSocket), "connecting to systemd"));
    TRY(check(::sd_bus_start(raw), "connecting to systemd"));
    TRY(check(
        ::sd_bus_match_signal(raw, nullptr, nullptr, kPath, kManager, "JobRemoved", &Connection::on_job_removed, this),
        "watching jobs"));
    return check(::sd_bus_call_method(raw, kService, kPath, kManager, "Subscribe", nullptr, nullptr, nullptr),
                 "subscribing to systemd");
  }

  Result<std::string> wait_for(const std::string& job) {
    const auto end = std::chrono::steady_clock::now() + kLongestJob;
    for (;;) {
      if (const auto found = finished.find(job); found != finished.end()) {
        std::string result = found->second;
        finished.clear();
        return result;
      }
      const int status = ::sd_bus_process(bus.get(), nullptr);
      TRY(check(status, "waiting for a job of systemd"));
      if (status > 0) continue;
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0) return std::string("timeout");
      TRY(check(::sd_bus_wait(bus.get(), static_cast<std::uint64_t>(left)), "waiting for a job of systemd"));
    }
  }

  // Empty for a unit that is not loaded.
  Result<std::string> unit_path(const std::string& unit) {
    BusError reason;
    sd_bus_message* raw = nullptr;
    const int status =
        ::sd_bus_call_method(bus.get(), kService, kPath, kManager, "LoadUnit", reason.get(), &raw, "s", unit.c_str());
    const Message reply(raw);
    if (status < 0) return fail(failed_call(status, reason, std::format("looking at {}", unit)));
    const char* path = nullptr;
    TRY(check(::sd_bus_message_read(reply.get(), "o", &path), "reading the path of a unit"));
    return std::string(path);
  }

  Result<std::string> property(const std::string& path, const char* interface, const char* name) {
    BusError reason;
    char* value = nullptr;
    const int status =
        ::sd_bus_get_property_string(bus.get(), kService, path.c_str(), interface, name, reason.get(), &value);
    const std::unique_ptr<char, void (*)(void*)> owner(value, ::free);
    if (status < 0) return fail(failed_call(status, reason, std::format("reading {}", name)));
    return std::string(value);
  }
};

SystemdBus::SystemdBus() = default;
SystemdBus::~SystemdBus() = default;

std::unique_ptr<SystemdBus> SystemdBus::lazy() { return std::unique_ptr<SystemdBus>(new SystemdBus); }

Result<SystemdBus::Connection*> SystemdBus::connection() {
  if (connection_ && ::sd_bus_is_open(connection_->bus.get()) > 0) return connection_.get();
  connection_ = std::make_unique<Connection>();
  if (auto opened = connection_->open(); !opened) {
    connection_.reset();
    return fail(std::move(opened).error());
  }
  return connection_.get();
}

Result<std::string> SystemdBus::active_state(const std::string& unit) {
  Connection* systemd = TRY(connection());
  return systemd->property(TRY(systemd->unit_path(unit)), kUnitInterface, "ActiveState");
}

Result<> SystemdBus::act(const std::string& unit, UnitAction action) {
  Connection* systemd = TRY(connection());
  const std::string what = std::format("{} {}", verb(action), unit);
  BusError reason;
  sd_bus_message* raw = nullptr;
  const int status = ::sd_bus_call_method(systemd->bus.get(), kService, kPath, kManager, method(action), reason.get(),
                                          &raw, "ss", unit.c_str(), "replace");
  const Message reply(raw);
  if (status < 0) return fail(failed_call(status, reason, what));
  const char* job = nullptr;
  TRY(check(::sd_bus_message_read(reply.get(), "o", &job), what));
  const std::string result = TRY_CTX(systemd->wait_for(job), "{}", what);
  if (result == "done" || result == "skipped") return {};
  return fail(ErrorCode::unavailable, "{}: {}", what, result);
}

Result<std::vector<std::string>> SystemdBus::failed_units() {
  Connection* systemd = TRY(connection());
  BusError reason;
  sd_bus_message* raw = nullptr;
  const int status = ::sd_bus_call_method(systemd->bus.get(), kService, kPath, kManager, "ListUnitsFiltered",
                                          reason.get(), &raw, "as", 1, "failed");
  const Message list(raw);
  if (status < 0) return fail(failed_call(status, reason, "asking for failed units"));
  TRY(check(::sd_bus_message_enter_container(list.get(), 'a', "(ssssssouso)"), "reading the list of units"));
  std::vector<std::string> units;
  for (;;) {
    const char* name = nullptr;
    const int more = ::sd_bus_message_read(list.get(), "(ssssssouso)", &name, nullptr, nullptr, nullptr, nullptr,
                                           nullptr, nullptr, nullptr, nullptr, nullptr);
    TRY(check(more, "reading the list of units"));
    if (more == 0) break;
    units.emplace_back(name);
  }
  std::ranges::sort(units);
  return units;
}

Result<> SystemdBus::reboot() {
  Connection* systemd = TRY(connection());
  BusError reason;
  // Through the target and not Manager.Reboot(): units get their time to stop.
  const int status = ::sd_bus_call_method(systemd->bus.get(), kService, kPath, kManager, "StartUnit", reason.get(),
                                          nullptr, "ss", "reboot.target", "replace-irreversibly");
  if (status < 0) return fail(failed_call(status, reason, "restarting the machine"));
  return {};
}

}  // namespace bulkhead::dbus
