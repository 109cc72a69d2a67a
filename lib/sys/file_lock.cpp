#include "lib/sys/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

namespace bulkhead::sys {

Result<FileLock> FileLock::try_acquire(const Path& path) {
  UniqueFd fd = TRY(open_file(path, O_RDWR | O_CREAT, 0644));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorCode::aborted, "{} is locked by another process", path.native());
    return fail_errno("locking {}", path.native());
  }
  return FileLock(std::move(fd));
}

Result<FileLock> FileLock::acquire(const Path& path) {
  UniqueFd fd = TRY(open_file(path, O_RDWR | O_CREAT, 0644));
  while (::flock(fd.get(), LOCK_EX) < 0) {
    if (errno != EINTR) return fail_errno("locking {}", path.native());
  }
  return FileLock(std::move(fd));
}

}  // namespace bulkhead::sys
