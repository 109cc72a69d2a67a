// The state of the node, kept up to date by systemd's signals: for GET /v1/status and /v1/health, and the health
// events. Without systemd (a test, a workstation) the boot counts as complete.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <systemd/sd-event.h>

#include <functional>
#include <memory>

#include "lib/node_state/unit_watch.hpp"
#include "lib/slots/running_slot.hpp"

namespace bulkhead::daemon {

class NodeWatch {
 public:
  // `on_change` is called on the loop's thread, when the state may have changed.
  static std::unique_ptr<NodeWatch> without_systemd();
  static Result<std::unique_ptr<NodeWatch>> open(boost::asio::io_context& loop, std::function<void()> on_change);
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;
  ~NodeWatch();

  // Without problems: those are in problem_list.hpp.
  node_state::NodeState state() const;

 private:
  NodeWatch();
  void wait();

  struct LoopUnref {
    void operator()(sd_event* loop) const { ::sd_event_unref(loop); }
  };
  std::unique_ptr<sd_event, LoopUnref> events_;
  std::unique_ptr<node_state::UnitWatch> units_;
  std::unique_ptr<boost::asio::posix::stream_descriptor> descriptor_;
  slots::RunningSlot running_;
};

}  // namespace bulkhead::daemon
