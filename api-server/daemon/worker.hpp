// One thread for what takes its time (telling units), so that requests are answered meanwhile.
#pragma once

#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace bulkhead::daemon {

class Worker {
 public:
  // The loop outlives the worker.
  explicit Worker(boost::asio::io_context& loop);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // Waits for the job in hand; others are dropped.
  ~Worker();

  // `work` on the worker's thread, then `then` on the loop's.
  void run(std::function<void()> work, std::function<void()> then);

 private:
  void work_off(const std::stop_token& stop);

  boost::asio::io_context& loop_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::deque<std::function<void()>> jobs_;
  std::jthread thread_;
};

}  // namespace bulkhead::daemon
