// One change at a time. Steps wait in a queue; each is given the turn, and the next one starts when that turn ends.
//
// A Turn is a value that its holder moves along while the work lasts: into a callback, onto an executor. It ends when
// it is destroyed: at the end of a function, by an early return, with a callback that is never called, or by an
// exception. So no branch can forget to end it.
//
// Everything runs on one thread, and turns end there.
#pragma once

#include <deque>
#include <functional>
#include <memory>

namespace bulkhead::configuration {

namespace detail {
struct Line;
}

class Turn {
 public:
  Turn(Turn&&) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  // Runs the waiting steps, unless the queue is doing that already or was destroyed. A step that throws here ends the
  // process, because no caller could handle it.
  ~Turn();

 private:
  friend struct detail::Line;
  explicit Turn(std::weak_ptr<detail::Line> line) : line_(std::move(line)) {}

  std::weak_ptr<detail::Line> line_;  // empty in a turn that was moved away
};

class TurnQueue {
 public:
  using Step = std::move_only_function<void(Turn)>;

  TurnQueue();
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  // Drops the waiting steps. A turn may outlive the queue; its end then does nothing.
  ~TurnQueue();

  // Runs the step when those before it have ended: at once when nothing is in progress. An exception of a step that
  // runs at once is thrown here.
  void enqueue(Step step);

 private:
  std::shared_ptr<detail::Line> line_;
};

}  // namespace bulkhead::configuration
