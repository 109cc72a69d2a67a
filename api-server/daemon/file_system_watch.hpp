// What became of STATE and DATA in this boot, as problems of the node. DATA may take longer than the server's start.
#pragma once

#include <map>
#include <optional>

#include "api-server/daemon/problem_list.hpp"
#include "lib/file_systems/outcome.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::daemon {

class FileSystemWatch {
 public:
  // The list outlives the watch. `directory` is file_systems::kDirectory, or another one in tests.
  FileSystemWatch(sys::Path directory, ProblemList& problems) : directory_(std::move(directory)), problems_(problems) {}

  // From now on, fd() is readable when an outcome was written; look() then reads them. Errors: those of inotify(7).
  Result<> follow();
  int fd() const { return notices_.get(); }
  // Reads the outcomes.
  void look();
  // As of the last look; nothing when bulkhead-file-system left none.
  std::optional<file_systems::FileSystemOutcome> outcome(file_systems::FileSystem which) const;

 private:
  sys::Path directory_;
  ProblemList& problems_;
  sys::UniqueFd notices_;
  std::map<file_systems::FileSystem, file_systems::FileSystemOutcome> outcomes_;
};

}  // namespace bulkhead::daemon
