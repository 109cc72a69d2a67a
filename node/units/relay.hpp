// Passes what clients ask of systemd's manager on to it, as far as lib/dbus/rights.hpp allows, and answers and signals
// back. What is not allowed is answered with org.freedesktop.DBus.Error.AccessDenied; nothing is changed by it.
//
// One connection to the manager for all: process 1 makes each signal once. Single thread, never blocks. A client that
// does not read what it has asked for is dropped, and so is one too many.
#pragma once

#include <systemd/sd-event.h>

#include <cstddef>
#include <list>
#include <memory>

#include "lib/dbus/bus.hpp"
#include "lib/dbus/rights.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::units {

inline constexpr std::size_t kMostClients = 16;
inline constexpr std::uint64_t kMostWaiting = 4096;  // messages to one client

class Relay {
 public:
  // `manager` is a started connection, not yet attached to a loop; the loop ends when it is closed. Errors: from
  // subscribing to the manager's signals, which blocks.
  static Result<std::unique_ptr<Relay>> open(sd_event* loop, dbus::Bus manager);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  // A connected socket.
  Result<> add(sys::UniqueFd socket, dbus::Caller caller);
  // Frees those that are gone. Not from within a callback of the loop.
  void forget_gone();
  std::size_t clients() const;

 private:
  struct Client;
  Relay(sd_event* loop, dbus::Bus manager);
  static int on_signal(sd_bus_message* message, void* self, sd_bus_error* error);

  sd_event* loop_;
  dbus::Bus manager_;
  std::list<std::unique_ptr<Client>> clients_;
};

// By SO_PEERCRED (unix(7)). Errors: from the socket.
Result<dbus::Caller> caller_of(int socket);

}  // namespace bulkhead::units
