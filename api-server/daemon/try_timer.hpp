// Reverts a try whose time is over.
#pragma once

#include "api-server/configuration/configuration.hpp"
#include "api-server/daemon/problem_list.hpp"
#include "api-server/daemon/timer.hpp"
#include "api-server/handlers/audit.hpp"

namespace bulkhead::daemon {

class TryTimer {
 public:
  // Everything outlives this.
  TryTimer(Timer& timer, configuration::Configuration& configuration, handlers::Audit& audit, ProblemList& problems)
      : timer_(timer), configuration_(configuration), audit_(audit), problems_(problems) {}
  TryTimer(const TryTimer&) = delete;
  TryTimer& operator=(const TryTimer&) = delete;

  // After each event "try": the timer runs for the try that is open now, if there is one.
  void follow();

 private:
  void reverted(const Result<configuration::Outcome>& done);

  Timer& timer_;
  configuration::Configuration& configuration_;
  handlers::Audit& audit_;
  ProblemList& problems_;
};

}  // namespace bulkhead::daemon
