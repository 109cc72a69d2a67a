// One thread for slow work (notifying units), so that requests are answered meanwhile.
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
  // Waits for the current job; drops the others.
  ~Worker();

  // `work` on the worker's thread, then `then` on the loop's. Both are destroyed on the loop's thread, or, when the
  // loop no longer runs, on that of the destructor.
  void run(std::function<void()> work, std::move_only_function<void()> then);

 private:
  struct Job {
    std::function<void()> work;
    std::move_only_function<void()> then;
  };

  void work_off(const std::stop_token& stop);

  boost::asio::io_context& loop_;
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::deque<Job> jobs_;
  std::jthread thread_;
};

}  // namespace bulkhead::daemon
