// bulkhead-units: started by systemd with a listening socket, on which services look at units and the API server
// notifies its own (lib/dbus/rights.hpp). The socket of process 1 itself lets whoever is root do everything, so
// services have it not: their InaccessiblePaths=.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "lib/log/log.hpp"
#include "node/units/relay.hpp"

namespace {

using namespace bulkhead;

struct Listener {
  const log::Log& log;
  units::Relay& relay;

  static int on_connection(sd_event_source* /*source*/, int fd, std::uint32_t /*events*/, void* self) {
    const auto& [log, relay] = *static_cast<Listener*>(self);
    sys::UniqueFd socket(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return 0;
    const auto caller = units::caller_of(socket.get());
    const auto added = caller ? relay.add(std::move(socket), *caller) : Result<>(fail(caller.error()));
    if (!added) log.error(Error(added.error()).with_context("a client is turned away"));
    return 0;
  }
};

Result<> serve(const log::Log& log) {
  // A service that is root without capabilities is as much as this one: it must not look through /proc/PID/root, where
  // the socket of process 1 is.
  if (::prctl(PR_SET_DUMPABLE, 0) < 0) return fail_errno("closing /proc to others");
  if (::sd_listen_fds(1) != 1)
    return fail(error(ErrorCode::failed_precondition, "systemd passed no socket")
                    .with_hint("start it through bulkhead-units.socket"));
  sd_event* raw = nullptr;
  TRY(dbus::check(::sd_event_new(&raw), "making an event loop"));
  const std::unique_ptr<sd_event, sd_event* (*)(sd_event*)> loop(raw, ::sd_event_unref);
  dbus::Bus manager = TRY(dbus::connect_to_systemd());
  const auto relay = TRY(units::Relay::open(raw, std::move(manager)));
  Listener listener{.log = log, .relay = *relay};
  TRY(dbus::check(::sd_event_add_io(raw, nullptr, SD_LISTEN_FDS_START, POLLIN, &Listener::on_connection, &listener),
                  "watching the socket"));
  ::sd_notify(0, "READY=1");
  while (::sd_event_get_state(raw) != SD_EVENT_FINISHED) {
    TRY(dbus::check(::sd_event_run(raw, UINT64_MAX), "running the event loop"));
    relay->forget_gone();
  }
  return fail(ErrorCode::unavailable, "systemd has closed the connection");
}

}  // namespace

int main() {
  const auto log = log::Log::from_environment();
  const auto done = serve(log);
  if (!done) log.error(done.error());
  return done ? 0 : 1;
}
