// Which units have failed and how far the boot has got, kept up to date by signals of systemd's manager. No polling:
// one query at the start, then only changes.
//
// Speaks to process 1 through bulkhead-units (lib/dbus/bus.hpp), so that it works before the message bus does and for
// who is not root. Single thread.
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "lib/dbus/bus.hpp"
#include "lib/node_state/node_state.hpp"

namespace bulkhead::node_state {

class UnitWatch {
 public:
  struct Status {
    std::set<std::string> failed_units;
    bool boot_complete = false;
    bool blessed = false;  // the boot loader no longer counts tries of this version

    // One unit reports its state. Returns whether anything changed.
    bool update(const std::string& unit, std::string_view active_state);
    // systemd has unloaded a unit: no failed one any more. The gate and the blessing stay what they were.
    bool forget(const std::string& unit) { return failed_units.erase(unit) > 0; }
    void copy_to(NodeState& node) const;

    bool operator==(const Status&) const = default;
  };

  // `on_change` is called from the event loop. The object must outlive the loop.
  static Result<std::unique_ptr<UnitWatch>> open(sd_event* loop, std::function<void()> on_change);
  // Without a loop: only the query at the start. Asks process 1 itself, so that it works when services do not: for
  // root.
  static Result<Status> look();
  UnitWatch(const UnitWatch&) = delete;
  UnitWatch& operator=(const UnitWatch&) = delete;
  ~UnitWatch() = default;

  const Status& status() const { return status_; }

 private:
  UnitWatch(dbus::Bus bus, std::function<void()> on_change) : bus_(std::move(bus)), on_change_(std::move(on_change)) {}
  static int on_properties(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_removed(sd_bus_message* message, void* self, sd_bus_error* error);
  static int on_reloading(sd_bus_message* message, void* self, sd_bus_error* error);
  void apply(const std::string& unit, std::string_view active_state);

  dbus::Bus bus_;
  std::function<void()> on_change_;
  Status status_;
  bool reloading_ = false;  // systemd reads its files again
};

}  // namespace bulkhead::node_state
