#include "api-server/daemon/timer.hpp"

#include <utility>

namespace bulkhead::daemon {

void LoopTimer::set_at(std::chrono::steady_clock::time_point when, std::function<void()> then) {
  cancel();
  then_ = std::make_shared<std::function<void()>>(std::move(then));
  timer_.expires_at(when);
  wait();
}

void LoopTimer::set_after(std::chrono::steady_clock::duration delay, std::function<void()> then) {
  set_at(std::chrono::steady_clock::now() + delay, std::move(then));
}

void LoopTimer::cancel() {
  if (then_) *then_ = nullptr;
  then_.reset();
  timer_.cancel();
}

void LoopTimer::wait() {
  timer_.async_wait([then = then_](const boost::system::error_code& reason) {
    if (reason) return;
    const auto call = std::exchange(*then, nullptr);
    if (call) call();
  });
}

}  // namespace bulkhead::daemon
