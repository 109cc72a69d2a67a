// Which slot runs, and why, explained from what the boot loader left behind.
//
// explain() is a pure function. Trust does not depend on it: the root hash decided that. Whoever can write the loader's
// variables or the disk can forge this information; at worst, the explanation is wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/version.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "lib/slots/entry_name.hpp"

namespace bulkhead::slots {

enum class Reason {
  newest,     // no newer version is there
  trial,      // a new version, not yet found good
  fell_back,  // a newer version used up its tries
  chosen,     // there is a newer version, but somebody chose this one
  no_loader,  // not started by the boot loader (direct kernel boot)
};

struct Evidence {
  Version version;                        // of the running system, from its os-release
  unsigned root_partition = 0;            // number of the partition below the root file system; 0: unknown
  bool boot_loader = false;               // LoaderInfo is there
  std::optional<std::string> count_path;  // LoaderBootCountPath: the entry that is being counted
  std::vector<std::string> entries;       // LoaderEntries: ids of all entries that the loader saw, in its order

  bool operator==(const Evidence&) const = default;
};

struct RunningSlot {
  std::optional<gpt::Slot> slot;
  Version version;
  Reason reason = Reason::newest;
  std::optional<Tries> trial;    // with Reason::trial, when the counters could be read
  std::optional<Version> newer;  // with Reason::fell_back and Reason::chosen

  bool operator==(const RunningSlot&) const = default;
};

RunningSlot explain(const Evidence& evidence);

// Whether giving up this boot leads to another version: the loader lists one behind the running one, which still has
// tries. A version that is started without tries is started because nothing else is better.
bool can_fall_back(const Evidence& evidence);

// "newest", "trial boot 1 of 3", "fell back: 0.2.0 failed", "chosen over 0.2.0", "direct kernel boot"
std::string describe(const RunningSlot& running);
// "newest", "trial", "fell-back", "chosen", "no-loader"
std::string_view to_string(Reason reason);

}  // namespace bulkhead::slots
