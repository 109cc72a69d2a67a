#include "lib/sys/unique_fd.hpp"

#include <unistd.h>

namespace bulkhead::sys {

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<> UniqueFd::close() {
  if (fd_ < 0) return {};
  // Linux closes the descriptor even when close() fails (close(2)): never try again.
  if (::close(std::exchange(fd_, -1)) < 0 && errno != EINTR) return fail_errno("closing a file");
  return {};
}

}  // namespace bulkhead::sys
