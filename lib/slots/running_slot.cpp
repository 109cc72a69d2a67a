#include "lib/slots/running_slot.hpp"

namespace bulkhead::slots {
namespace {

// The newest entry above `version` for which `wanted` holds.
template <class Predicate>
std::optional<EntryName> newest_above(const Evidence& evidence, Predicate wanted) {
  std::optional<EntryName> newest;
  for (const std::string& id : evidence.entries) {
    auto name = EntryName::parse(id);
    if (!name || name->version <= evidence.version || !wanted(*name)) continue;
    if (!newest || name->version > newest->version) newest = std::move(*name);
  }
  return newest;
}

bool used_up(const EntryName& name) { return name.tries && name.tries->left == 0; }

}  // namespace

RunningSlot explain(const Evidence& evidence) {
  RunningSlot running;
  running.slot = gpt::slot_of(evidence.root_partition);
  running.version = evidence.version;
  if (!evidence.boot_loader) {
    running.reason = Reason::no_loader;
  } else if (evidence.count_path) {
    running.reason = Reason::trial;
    if (const auto name = EntryName::parse(*evidence.count_path)) running.trial = name->tries;
  } else if (auto bootable = newest_above(evidence, [](const EntryName& name) { return !used_up(name); })) {
    running.reason = Reason::chosen;
    running.newer = std::move(bootable);
  } else if (auto failed = newest_above(evidence, used_up)) {
    running.reason = Reason::fell_back;
    running.newer = std::move(failed);
  }
  return running;
}

std::string describe(const RunningSlot& running) {
  switch (running.reason) {
    case Reason::newest: return "newest";
    case Reason::trial:
      if (!running.trial) return "trial boot";
      return std::format("trial boot {} of {}", running.trial->done, running.trial->left + running.trial->done);
    case Reason::fell_back:
      return std::format("fell back: {} failed {} {}", running.newer->version.to_string(), running.newer->tries->done,
                         running.newer->tries->done == 1 ? "try" : "tries");
    case Reason::chosen: return std::format("chosen over {}", running.newer->version.to_string());
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
