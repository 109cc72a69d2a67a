#include "api-server/daemon/worker.hpp"

#include <boost/asio/post.hpp>

namespace bulkhead::daemon {

Worker::Worker(boost::asio::io_context& loop)
    : loop_(loop), thread_([this](const std::stop_token& stop) { work_off(stop); }) {}

Worker::~Worker() = default;

void Worker::run(std::function<void()> work, std::move_only_function<void()> then) {
  {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back({.work = std::move(work), .then = std::move(then)});
  }
  more_.notify_one();
}

void Worker::work_off(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!more_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    boost::asio::post(loop_, [job = std::move(job)]() mutable { job.then(); });
    if (stop.stop_requested()) return;
  }
}

}  // namespace bulkhead::daemon
