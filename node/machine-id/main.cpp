#include "lib/log/log.hpp"
#include "node/machine-id/commit.hpp"

int main() {
  using namespace bulkhead;
  const auto log = log::Log::from_environment();
  const auto commit = machine_id::commit_machine_id("/etc/machine-id", "/state/machine-id");
  if (!commit) {
    log.error(commit.error());
    return 1;
  }
  if (*commit == machine_id::StoreResult::written) {
    log.write({.priority = log::Priority::notice,
               .message = "the machine id was stored on STATE",
               .message_id = log::kMachineIdCommitted.id,
               .fields = {}});
  }
  return 0;
}
