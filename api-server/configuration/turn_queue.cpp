#include "api-server/configuration/turn_queue.hpp"

#include <utility>

namespace bulkhead::configuration {
namespace detail {

struct Line : std::enable_shared_from_this<Line> {
  std::deque<TurnQueue::Step> waiting;
  bool taken = false;        // a turn is out
  bool working_off = false;  // work_off() is on the stack

  // A loop and not a recursion: a turn may end before its step returns.
  void work_off() {
    if (std::exchange(working_off, true)) return;
    // NOLINTNEXTLINE(bugprone-unused-local-non-trivial-variable): its destructor is what it is for
    const WorkOffEnds ends{*this};
    while (!taken && !waiting.empty()) {
      TurnQueue::Step step = std::move(waiting.front());
      waiting.pop_front();
      taken = true;
      step(Turn(weak_from_this()));
    }
  }

  struct WorkOffEnds {
    Line& line;
    ~WorkOffEnds() {
      line.working_off = false;
      if (!line.taken && !line.waiting.empty()) line.work_off();  // a step threw: the others are still to come
    }
  };
};

}  // namespace detail

Turn::~Turn() {
  const auto line = line_.lock();
  if (!line) return;
  line->taken = false;
  line->work_off();
}

TurnQueue::TurnQueue() : line_(std::make_shared<detail::Line>()) {}

TurnQueue::~TurnQueue() {
  const auto dropped = std::exchange(line_->waiting, {});  // what goes with a step may enqueue another
}

void TurnQueue::enqueue(Step step) {
  const auto line = line_;  // a step may destroy the queue
  line->waiting.push_back(std::move(step));
  line->work_off();
}

}  // namespace bulkhead::configuration
