#include "node/trial/verdict.hpp"

namespace bulkhead::trial {

Result<bool> may_bless(const Facts& facts) {
  if (slots::explain(facts.evidence).reason != slots::Reason::trial) return false;
  if (!slots::can_fall_back(facts.evidence)) return true;
  if (!facts.lost.empty())
    return fail(ErrorCode::failed_precondition, "not blessed: {} is lost", file_systems::label(facts.lost.front()));
  if (facts.settings_not_in_effect)
    return fail(error(ErrorCode::failed_precondition, "not blessed: settings that are stored are not in effect")
                    .with_hint("see which, and why: apiclient status"));
  return true;
}

}  // namespace bulkhead::trial
