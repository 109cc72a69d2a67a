// One deadline: the seam at which a test lets time pass.
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

  // Both replace what was set before. `then` is called once, never before the function returns.
  virtual void set_at(std::chrono::steady_clock::time_point when, std::function<void()> then) = 0;
  virtual void set_after(std::chrono::steady_clock::duration delay, std::function<void()> then) = 0;
  // Nothing is called any more, not even when the deadline has passed already.
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
  // What is to be called; a handler that the loop has queued already holds on to one that was emptied meanwhile.
  std::shared_ptr<std::function<void()>> then_;
};

}  // namespace bulkhead::daemon
