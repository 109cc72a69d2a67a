// Boots without a terminal and watches for the node's state.
#pragma once

#include "lib/vm/machine.hpp"
#include "lib/vm/node_state.hpp"
#include "os-builder/boot/boot.hpp"

namespace bulkhead::boot {

struct ReadyReport {
  vm::NodeState state;                // "ready" or "degraded"
  std::chrono::milliseconds elapsed;  // since the machine was switched on
};

// Errors: unavailable when neither state comes before `deadline`.
Result<ReadyReport> wait_until_ready(vm::Machine& machine, vm::Deadline deadline, const cli::Invocation& invocation);

// For people, and one JSON object with "schema".
std::string to_text(const ReadyReport& report);
std::string to_json(const ReadyReport& report);

}  // namespace bulkhead::boot
