// The directory that a build fills: made beside the final one and exchanged with it by one rename. Readers always see a
// complete build, old or new, and a failed build leaves the old files unchanged.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/base/hex.hpp"
#include "lib/sys/file_lock.hpp"
#include "lib/sys/temp_dir.hpp"

namespace bulkhead::build {

class OutputDirectory {
 public:
  // Takes the lock of `target`. When another build holds it: `aborted` at once without `wait`, otherwise `on_wait` is
  // called once and the lock is waited for.
  static Result<OutputDirectory> open(const sys::Path& target, bool wait, const std::function<void()>& on_wait);

  // True when the last build that filled `target` had these inputs and none of its files changed since (size, inode and
  // modification time; their bytes are not read again).
  bool is_current(const Sha256& inputs) const;

  // Starts filling: an empty directory on the same file system.
  Result<sys::Path> begin();
  // Publishes the directory from begin() as `target`.
  Result<> commit(const Sha256& inputs);

  const sys::Path& target() const { return target_; }

 private:
  OutputDirectory(sys::Path target, sys::FileLock lock) : target_(std::move(target)), lock_(std::move(lock)) {}

  sys::Path target_;
  sys::FileLock lock_;
  std::optional<sys::TempDir> filling_;
};

}  // namespace bulkhead::build
