#include "api-server/daemon/health.hpp"

#include "api-server/handlers/routes.hpp"

namespace bulkhead::daemon {

void Health::look() {
  const node_state::NodeState state = state_();
  nlohmann::json health = handlers::health_json(state);
  if (health == last_) return;
  events_.publish("health", health);
  last_ = std::move(health);
  if (node_state::state_of(state) == node_state::State::ready) on_ready_();
}

}  // namespace bulkhead::daemon
