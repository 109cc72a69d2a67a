#include "tests/support/capture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "lib/sys/unique_fd.hpp"

namespace bulkhead::testing {
namespace {

void require(bool condition) {
  if (!condition) std::abort();  // without descriptors no test can say anything
}

// One descriptor pointed at a memory file until the end of the object's life.
class Redirection {
 public:
  explicit Redirection(int target)
      : target_(target),
        saved_(::fcntl(target, F_DUPFD_CLOEXEC, 10)),
        memory_(::memfd_create("captured", MFD_CLOEXEC)) {
    require(saved_ && memory_ && ::dup2(memory_.get(), target_) == target_);
  }
  Redirection(const Redirection&) = delete;
  Redirection& operator=(const Redirection&) = delete;
  ~Redirection() { ::dup2(saved_.get(), target_); }

  std::string content() const {
    const off_t size = ::lseek(memory_.get(), 0, SEEK_END);
    require(size >= 0);
    std::string text(static_cast<std::size_t>(size), '\0');
    require(::pread(memory_.get(), text.data(), text.size(), 0) == size);
    return text;
  }

 private:
  int target_;
  sys::UniqueFd saved_;
  sys::UniqueFd memory_;
};

}  // namespace

Captured capture(const std::function<void()>& body) {
  std::fflush(nullptr);
  const Redirection out(STDOUT_FILENO);
  const Redirection err(STDERR_FILENO);
  body();
  std::fflush(nullptr);
  return {.out = out.content(), .err = err.content()};
}

}  // namespace bulkhead::testing
