#include "os-builder/run/until_ready.hpp"

#include <nlohmann/json.hpp>

#include "lib/cli/progress.hpp"

namespace bulkhead::run {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr int kStages = 2;

// A change of state is printed once; the lines of a guest that starts again count too.
const vm::Pattern& state_line() {
  static const vm::Pattern pattern = vm::Pattern::text(std::string(node_state::kStatusLinePrefix));
  return pattern;
}

}  // namespace

Result<ReadyReport> wait_until_ready(vm::Machine& machine, vm::Deadline deadline, const cli::Invocation& invocation) {
  cli::Progress progress(invocation, kStages);
  const auto start = std::chrono::steady_clock::now();
  progress.begin("firmware, kernel");
  for (bool kernel = true;;) {
    const std::string line = TRY(machine.wait_for_line(state_line(), deadline));
    const auto state = node_state::parse_status_line(line);
    if (!state) continue;
    if (kernel) {
      progress.end("started");
      progress.begin("services");
      kernel = false;
    }
    if (state->state != node_state::State::starting) {
      progress.end(to_string(state->state));
      return ReadyReport{.status = *state,
                         .elapsed = duration_cast<milliseconds>(std::chrono::steady_clock::now() - start)};
    }
  }
}

std::string to_text(const ReadyReport& report) {
  std::string text = std::format("{} after {:.1f} s\n", to_string(report.status.state),
                                 std::chrono::duration<double>(report.elapsed).count());
  for (const auto& [name, value] : report.status.fields) {
    if (name != "state") text += std::format("  {}: {}\n", name, value);
  }
  return text;
}

std::string to_json(const ReadyReport& report) {
  const nlohmann::json object = {{"schema", "bulkhead.boot/1"},
                                 {"state", to_string(report.status.state)},
                                 {"seconds", std::chrono::duration<double>(report.elapsed).count()},
                                 {"fields", report.status.fields}};
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::run
