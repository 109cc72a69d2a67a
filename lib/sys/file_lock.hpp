// An advisory lock on a file (flock(2)), released by the destructor or by the end of the process.
#pragma once

#include "lib/sys/file.hpp"

namespace bulkhead::sys {

class FileLock {
 public:
  // Creates `path` when missing. Fails with `aborted` at once when another process holds the lock.
  static Result<FileLock> try_acquire(const Path& path);
  // Waits for as long as it takes.
  static Result<FileLock> acquire(const Path& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace bulkhead::sys
