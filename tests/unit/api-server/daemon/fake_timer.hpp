// A timer whose deadline comes when the test says so.
#pragma once

#include <optional>

#include "api-server/daemon/timer.hpp"

namespace bulkhead::testing {

class FakeTimer final : public daemon::Timer {
 public:
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::optional<std::chrono::steady_clock::duration> delay;
  int times_set = 0;

  void set_at(std::chrono::steady_clock::time_point when, std::function<void()> then) override {
    cancel();
    deadline = when;
    set(std::move(then));
  }
  void set_after(std::chrono::steady_clock::duration wait, std::function<void()> then) override {
    cancel();
    delay = wait;
    set(std::move(then));
  }
  void cancel() override {
    deadline.reset();
    delay.reset();
    then_ = nullptr;
  }

  bool running() const { return static_cast<bool>(then_); }
  // False when nothing is waited for.
  bool expire() {
    const auto then = std::exchange(then_, nullptr);
    cancel();
    if (then) then();
    return static_cast<bool>(then);
  }

 private:
  void set(std::function<void()> then) {
    then_ = std::move(then);
    ++times_set;
  }

  std::function<void()> then_;
};

}  // namespace bulkhead::testing
