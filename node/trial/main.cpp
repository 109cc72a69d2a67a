// bulkhead-trial: exit status 0 when the running version is the one that the boot loader counts, 1 when it is not, 255
// when that cannot be told: the condition under which systemd-bless-boot.service may run (ExecCondition=,
// systemd.service(5)).
//
// LoaderBootCountPath alone does not say so. When the firmware refuses the counted entry, the loader starts again and
// takes another one, and the variable still names the first: blessing it would make a version that cannot start the
// preferred one for ever.
#include "lib/log/log.hpp"
#include "lib/slots/evidence.hpp"

int main() {
  using namespace bulkhead;
  const auto log = log::Log::from_environment();
  const auto evidence = slots::read_evidence({});
  if (!evidence) {
    log.error(evidence.error());
    return 255;
  }
  const slots::RunningSlot running = slots::explain(*evidence);
  if (running.reason == slots::Reason::trial) return 0;
  log.info("not blessed: the boot loader counts {}, and {} runs", evidence->count_path.value_or("nothing"),
           evidence->version.to_string());
  return 1;
}
