// Whether the running version is to be blessed (docs/lifecycle.md).
#pragma once

#include <vector>

#include "lib/file_systems/outcome.hpp"
#include "lib/slots/running_slot.hpp"

namespace bulkhead::trial {

struct Facts {
  slots::Evidence evidence;
  std::vector<file_systems::FileSystem> lost{};  // of this boot: lost, or nothing is known of them
  bool settings_not_in_effect = false;           // stored ones, or some of them; or nothing is known of them
};

// True: it is on trial and has stood it; false: the boot loader counts no tries of it. Errors: failed_precondition: it
// fails, and another version, which the loader would start instead, may do better.
//
// LoaderBootCountPath alone is not enough. When the firmware refuses the counted entry, the loader starts again and
// chooses another one, but the variable still names the first. Blessing that entry would make a version that cannot
// start the preferred one for ever.
//
// A version that loses STATE or DATA fails its trial if there is another one to fall back to: that one may be able to
// mount them. If the disk is at fault, the other version says so and stays up. The same goes for a version that cannot
// read the stored settings, refuses one of them or cannot apply them: the other one may be able to do what the node was
// asked for.
Result<bool> may_bless(const Facts& facts);

}  // namespace bulkhead::trial
