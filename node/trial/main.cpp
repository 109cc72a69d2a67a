// bulkhead-trial: exit status 0 when the boot loader counts the tries of the running version, 1 when it does not, 255
// when that is unknown: the condition under which systemd-bless-boot.service may run (ExecCondition=,
// systemd.service(5)).
//
// LoaderBootCountPath alone is not enough. When the firmware refuses the counted entry, the loader starts again and
// chooses another one, but the variable still names the first. Blessing that entry would make a version that cannot
// start the preferred one for ever.
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
  log.info("not blessed: the boot loader counts tries of {}, but {} is running",
           evidence->count_path.value_or("nothing"), evidence->version.to_string());
  return 1;
}
