#include "api-server/daemon/file_system_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <format>

namespace bulkhead::daemon {
namespace {

using file_systems::FileSystem;
using file_systems::Kind;

// Empty when there is none.
std::string problem(FileSystem which, const file_systems::FileSystemOutcome& outcome) {
  switch (outcome.kind) {
    case Kind::mounted:
    case Kind::repaired: return {};
    case Kind::damaged:
      return std::format("has errors that could not be corrected: {}. Save what you need, and replace the node",
                         outcome.reason);
    case Kind::small:
      return std::format("does not use all of its partition: {}. The next start tries again", outcome.reason);
    case Kind::copied:
      return std::format("cannot be written to: {}. Changes are lost at the next restart", outcome.reason);
    case Kind::lost:
      return std::format(
          "lost: {}. It is empty now, and changes are lost at the next restart. To begin anew: apiclient reset {}, "
          "apiclient reboot",
          outcome.reason, to_string(which));
    case Kind::reset:
      return "was made anew. To use it, restart the node: apiclient reboot. Until then it is empty, and changes are "
             "lost at "
             "the next restart";
  }
  return {};
}

}  // namespace

Result<> FileSystemWatch::follow() {
  TRY(sys::create_directories(directory_));
  notices_ = sys::UniqueFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!notices_ || ::inotify_add_watch(notices_.get(), directory_.c_str(), IN_MOVED_TO) < 0)
    return fail_errno("watching {}", directory_.native());
  return {};
}

void FileSystemWatch::look() {
  std::array<char, 4096> notices{};
  while (notices_ && ::read(notices_.get(), notices.data(), notices.size()) > 0) {
  }
  for (const FileSystem which : file_systems::kFileSystems) {
    const auto found = file_systems::read_outcome(directory_, which);
    const std::string name(label(which));
    outcomes_.erase(which);
    if (!found) {
      problems_.set(name, found.error().describe());
      continue;
    }
    const std::optional<file_systems::FileSystemOutcome>& outcome = *found;
    problems_.set(name, outcome ? problem(which, *outcome) : "");
    if (outcome) outcomes_[which] = *outcome;
  }
}

std::optional<file_systems::FileSystemOutcome> FileSystemWatch::outcome(FileSystem which) const {
  const auto found = outcomes_.find(which);
  return found == outcomes_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace bulkhead::daemon
