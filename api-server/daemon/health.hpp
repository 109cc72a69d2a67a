// Publishes the event "health" when the health of the node changes, and reports when the node is ready.
#pragma once

#include <functional>

#include "api-server/handlers/event_hub.hpp"
#include "lib/node_state/node_state.hpp"

namespace bulkhead::daemon {

class Health {
 public:
  // The events must outlive this object.
  Health(handlers::EventHub& events, std::function<node_state::NodeState()> state, std::function<void()> on_ready)
      : events_(events), state_(std::move(state)), on_ready_(std::move(on_ready)) {}
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // The state of the node may have changed. Publishes one event for each change.
  void look();

 private:
  handlers::EventHub& events_;
  std::function<node_state::NodeState()> state_;
  std::function<void()> on_ready_;
  nlohmann::json last_;
};

}  // namespace bulkhead::daemon
