#include "lib/slots/running_slot.hpp"

namespace bulkhead::slots {
namespace {

// The counted entry, if it is the running one. The variable outlives an entry that the firmware refused to start: the
// loader was then started again and chose another one, without a counter.
std::optional<EntryName> counted(const Evidence& evidence) {
  if (!evidence.count_path) return std::nullopt;
  auto name = EntryName::parse(*evidence.count_path);
  if (!name || name->version != evidence.version) return std::nullopt;
  return *std::move(name);
}

// The positions of newer versions in the boot loader's list. The ids have no counters, but entries without tries are
// sorted to the end, and all others by version, the newest first.
struct Newer {
  std::optional<Version> before;  // the newest one before the running version: it could have been started
  std::optional<Version> behind;  // the newest one after it: without tries
};

Newer find_newer(const Evidence& evidence) {
  Newer newer;
  bool seen = false;
  for (const std::string& id : evidence.entries) {
    const auto name = EntryName::parse(id);
    if (!name) continue;
    seen = seen || name->version == evidence.version;
    if (name->version <= evidence.version) continue;
    auto& found = seen ? newer.behind : newer.before;
    if (!found || name->version > *found) found = name->version;
  }
  return newer;
}

}  // namespace

RunningSlot explain(const Evidence& evidence) {
  RunningSlot running;
  running.slot = gpt::slot_of(evidence.root_partition);
  running.version = evidence.version;
  if (!evidence.boot_loader) {
    running.reason = Reason::no_loader;
  } else if (const auto name = counted(evidence)) {
    running.reason = Reason::trial;
    running.trial = name->tries;
  } else if (const Newer newer = find_newer(evidence); newer.before) {
    running.reason = Reason::chosen;
    running.newer = newer.before;
  } else if (newer.behind) {
    running.reason = Reason::fell_back;
    running.newer = newer.behind;
  }
  return running;
}

bool can_fall_back(const Evidence& evidence) {
  const auto running = counted(evidence);
  if (!running || !running->tries || running->tries->done > kBootTries) return false;
  bool seen = false;
  for (const std::string& id : evidence.entries) {
    const auto name = EntryName::parse(id);
    if (!name) continue;
    if (seen && name->version != evidence.version) return true;
    seen = seen || name->version == evidence.version;
  }
  return false;
}

std::string describe(const RunningSlot& running) {
  const std::string newer = running.newer ? running.newer->to_string() : "a newer version";
  switch (running.reason) {
    case Reason::newest: return "newest";
    case Reason::trial:
      if (!running.trial) return "trial boot";
      return std::format("trial boot {} of {}", running.trial->done, running.trial->left + running.trial->done);
    case Reason::fell_back: return std::format("fell back: {} failed", newer);
    case Reason::chosen: return std::format("chosen over {}", newer);
    case Reason::no_loader: return "direct kernel boot";
  }
  return {};
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::newest: return "newest";
    case Reason::trial: return "trial";
    case Reason::fell_back: return "fell-back";
    case Reason::chosen: return "chosen";
    case Reason::no_loader: return "no-loader";
  }
  return {};
}

}  // namespace bulkhead::slots
