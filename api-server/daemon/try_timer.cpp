#include "api-server/daemon/try_timer.hpp"

namespace bulkhead::daemon {

void TryTimer::follow() {
  timer_.cancel();
  if (const auto& open = configuration_.current_try()) {
    timer_.set_at(open->deadline, [this, transaction = open->transaction] {
      configuration_.revert(
          "its time had passed", [this](const Result<configuration::ChangeOutcome>& done) { reverted(done); },
          transaction);
    });
  }
}

void TryTimer::reverted(const Result<configuration::ChangeOutcome>& done) {
  // Somebody reverted or confirmed it while this waited for its turn.
  if (!done && done.error().code == ErrorCode::not_found) return;
  audit_.write({.author = "node",
                .action = "revert",
                .result = done ? "done" : "failed",
                .message = done ? "the time of a try had passed" : done.error().describe()});
  problems_.set("try", done ? "" : done.error().describe());
}

}  // namespace bulkhead::daemon
