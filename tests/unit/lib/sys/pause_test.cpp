#include "lib/sys/pause.hpp"

#include <catch2/catch_test_macros.hpp>
#include <signal.h>
#include <unistd.h>

using namespace bulkhead;

namespace {

// SIGTERM waits until somebody takes it.
class BlockedTerm {
 public:
  BlockedTerm() {
    ::sigemptyset(&term_);
    ::sigaddset(&term_, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term_, &before_);
  }
  ~BlockedTerm() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedTerm(const BlockedTerm&) = delete;
  BlockedTerm& operator=(const BlockedTerm&) = delete;

  static bool is_pending() {
    sigset_t pending;
    ::sigpending(&pending);
    return ::sigismember(&pending, SIGTERM) == 1;
  }

 private:
  sigset_t term_{};
  sigset_t before_{};
};

bool is_blocked() {
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  return ::sigismember(&mask, SIGTERM) == 1;
}

}  // namespace

TEST_CASE("a pause ends when its time is over") {
  CHECK(sys::pause_until_sigterm(std::chrono::milliseconds(0)));
  CHECK(sys::pause_until_sigterm(std::chrono::milliseconds(-5)));
  CHECK(sys::pause_until_sigterm(std::chrono::milliseconds(1)));
  CHECK_FALSE(is_blocked());
}

TEST_CASE("a pause ends at once when the program is told to end") {
  const BlockedTerm block;
  ::kill(::getpid(), SIGTERM);
  CHECK_FALSE(sys::pause_until_sigterm(std::chrono::hours(24)));
  CHECK_FALSE(BlockedTerm::is_pending());  // taken
  CHECK(is_blocked());                     // as before
}
