// Boots without a terminal and watches for the node's state.
#pragma once

#include "lib/node_state/node_state.hpp"
#include "lib/vm/machine.hpp"
#include "os-builder/run/boot.hpp"

namespace bulkhead::run {

struct ReadyReport {
  node_state::StatusLine status;      // ready or degraded
  std::chrono::milliseconds elapsed;  // since the machine was switched on
};

// Errors: unavailable when neither state comes before `deadline`.
Result<ReadyReport> wait_until_ready(vm::Machine& machine, vm::Deadline deadline, const cli::Invocation& invocation);

// For people, and one JSON object with "schema".
std::string to_text(const ReadyReport& report);
std::string to_json(const ReadyReport& report);

}  // namespace bulkhead::run
