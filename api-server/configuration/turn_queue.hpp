// One change at a time. Steps wait in a queue; each is given the turn, and the next one starts when that turn ends.
//
// A Turn is a value that its holder moves along for as long as the work takes: into a callback, onto an executor. It
// ends when it is destroyed, however that comes about: at the end of a function, by an early return, with a callback
// that nobody ever calls, or while an exception passes by. So there is nothing that a branch could forget.
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
  // Runs the steps that wait, unless the queue is doing that already or is gone. A step that throws here ends the
  // process: nobody could be told.
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
  // Steps that still wait are dropped. A turn may outlive the queue; its end then does nothing.
  ~TurnQueue();

  // Runs the step when those before it are over: at once when nothing is in work. What the step throws comes out here
  // when it runs at once.
  void enqueue(Step step);

 private:
  std::shared_ptr<detail::Line> line_;
};

}  // namespace bulkhead::configuration
