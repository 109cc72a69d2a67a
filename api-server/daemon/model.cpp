#include "api-server/daemon/model.hpp"

namespace bulkhead::daemon {

// Raised, with a step from the previous version, whenever a setting changes its name or its meaning. New settings need
// no step.
Model settings_model() { return {.version = 1, .steps = {}}; }

}  // namespace bulkhead::daemon
