// One deadline. The seam at which a test lets time pass.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace bulkhead::daemon {

class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;

  // Both replace an earlier deadline. `then` is called once, never before the function returns.
  virtual void set_at(std::chrono::steady_clock::time_point when, std::function<void()> then) = 0;
  virtual void set_after(std::chrono::steady_clock::duration delay, std::function<void()> then) = 0;
  // Nothing is called afterwards, even if the deadline has passed already.
  virtual void cancel() = 0;
};

// On an event loop, on whose thread everything happens.
class LoopTimer final : public Timer {
 public:
  explicit LoopTimer(boost::asio::io_context& loop) : timer_(loop) {}
  ~LoopTimer() override { cancel(); }

  void set_at(std::chrono::steady_clock::time_point when, std::function<void()> then) override;
  void set_after(std::chrono::steady_clock::duration delay, std::function<void()> then) override;
  void cancel() override;

 private:
  void wait();

  boost::asio::steady_timer timer_;
  // The callback. A handler that the loop has already queued shares it, and finds it empty after cancel().
  std::shared_ptr<std::function<void()>> then_;
};

}  // namespace bulkhead::daemon
