// Reverts a try whose time has passed.
#pragma once

#include "api-server/configuration/configuration.hpp"
#include "api-server/daemon/problem_list.hpp"
#include "api-server/daemon/timer.hpp"
#include "api-server/handlers/audit.hpp"

namespace bulkhead::daemon {

class TryTimer {
 public:
  // References must outlive this object.
  TryTimer(Timer& timer, configuration::Configuration& configuration, handlers::Audit& audit, ProblemList& problems)
      : timer_(timer), configuration_(configuration), audit_(audit), problems_(problems) {}
  TryTimer(const TryTimer&) = delete;
  TryTimer& operator=(const TryTimer&) = delete;

  // Call after each event "try": the timer then runs for the open try, if there is one.
  void follow();

 private:
  void reverted(const Result<configuration::ChangeOutcome>& done);

  Timer& timer_;
  configuration::Configuration& configuration_;
  handlers::Audit& audit_;
  ProblemList& problems_;
};

}  // namespace bulkhead::daemon
