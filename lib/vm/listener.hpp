// A Unix socket on which a program that we start connects back to us.
#pragma once

#include "lib/sys/file.hpp"
#include "lib/vm/deadline.hpp"

namespace bulkhead::vm {

class Listener {
 public:
  // `path` must not exist and not be longer than 107 bytes.
  static Result<Listener> listen(const sys::Path& path);

  int fd() const { return fd_.get(); }
  // The first connection; empty when `end_fd` (a pidfd) becomes readable first.
  Result<sys::UniqueFd> accept(int end_fd, Deadline deadline);

 private:
  explicit Listener(sys::UniqueFd fd) : fd_(std::move(fd)) {}
  sys::UniqueFd fd_;
};

}  // namespace bulkhead::vm
