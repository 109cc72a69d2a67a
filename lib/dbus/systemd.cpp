#include "lib/dbus/systemd.hpp"

#include <map>

#include "lib/dbus/bus.hpp"

namespace bulkhead::dbus {
namespace {

// Units have their own limits (DefaultTimeoutStartSec= and others); this one ends a wait that those do not end.
constexpr auto kLongestJob = std::chrono::minutes(6);
constexpr std::string_view kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";

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
  Bus bus;
  std::map<std::string, std::string> finished;  // results of jobs by their object path

  static int on_job_removed(sd_bus_message* message, void* self, sd_bus_error* /*error*/) {
    const char* job = nullptr;
    const char* result = nullptr;
    if (::sd_bus_message_read(message, "uoss", nullptr, &job, nullptr, &result) > 0)
      static_cast<Connection*>(self)->finished[job] = result;
    return 0;
  }

  Result<> open() {
    bus = TRY(connect_to_units());
    sd_bus* raw = bus.get();
    TRY(check(::sd_bus_match_signal(raw, nullptr, nullptr, kSystemdPath, kSystemdManager, "JobRemoved",
                                    &Connection::on_job_removed, this),
              "watching jobs"));
    return check(::sd_bus_call_method(raw, kSystemdService, kSystemdPath, kSystemdManager, "Subscribe", nullptr,
                                      nullptr, nullptr),
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
    const int status = ::sd_bus_call_method(bus.get(), kSystemdService, kSystemdPath, kSystemdManager, "LoadUnit",
                                            reason.get(), &raw, "s", unit.c_str());
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
        ::sd_bus_get_property_string(bus.get(), kSystemdService, path.c_str(), interface, name, reason.get(), &value);
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
  const std::string path = TRY(systemd->unit_path(unit));
  return systemd->property(path, kSystemdUnit, "ActiveState");
}

Result<> SystemdBus::act(const std::string& unit, UnitAction action) {
  Connection* systemd = TRY(connection());
  const std::string what = std::format("{} {}", verb(action), unit);
  BusError reason;
  sd_bus_message* raw = nullptr;
  const int status = ::sd_bus_call_method(systemd->bus.get(), kSystemdService, kSystemdPath, kSystemdManager,
                                          method(action), reason.get(), &raw, "ss", unit.c_str(), "replace");
  const Message reply(raw);
  if (status < 0) return fail(failed_call(status, reason, what));
  const char* job = nullptr;
  TRY(check(::sd_bus_message_read(reply.get(), "o", &job), what));
  const std::string result = TRY_CTX(systemd->wait_for(job), "{}", what);
  if (result == "done" || result == "skipped") return {};
  return fail(ErrorCode::unavailable, "{}: {}", what, result);
}

Result<> SystemdBus::reset_failed(const std::string& unit) {
  Connection* systemd = TRY(connection());
  BusError reason;
  const int status = ::sd_bus_call_method(systemd->bus.get(), kSystemdService, kSystemdPath, kSystemdManager,
                                          "ResetFailedUnit", reason.get(), nullptr, "s", unit.c_str());
  if (status < 0 && reason.name() != kNoSuchUnit)
    return fail(failed_call(status, reason, std::format("resetting {}", unit)));
  return {};
}

Result<> SystemdBus::reboot() {
  Connection* systemd = TRY(connection());
  BusError reason;
  // Through the target and not Manager.Reboot(), so that units get time to stop.
  const int status =
      ::sd_bus_call_method(systemd->bus.get(), kSystemdService, kSystemdPath, kSystemdManager, "StartUnit",
                           reason.get(), nullptr, "ss", "reboot.target", "replace-irreversibly");
  if (status < 0) return fail(failed_call(status, reason, "restarting the machine"));
  return {};
}

}  // namespace bulkhead::dbus
