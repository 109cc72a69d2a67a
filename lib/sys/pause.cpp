#include "lib/sys/pause.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace bulkhead::sys {

bool pause_until_sigterm(std::chrono::milliseconds longest) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + longest;
  sigset_t wanted;
  sigset_t before;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &wanted, &before);
  int signal = 0;
  do {
    const auto left = std::max(std::chrono::nanoseconds(end - Clock::now()), std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    signal = ::sigtimedwait(&wanted, nullptr, &limit);
  } while (signal < 0 && errno == EINTR);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return signal != SIGTERM;
}

}  // namespace bulkhead::sys
