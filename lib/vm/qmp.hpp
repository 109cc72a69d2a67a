// A client of QEMU's machine protocol (QMP, docs/interop/qmp-spec.rst in QEMU): one JSON object per line over a Unix
// socket.
//
// Like Serial it has no thread: events are read by read_available(), or while execute() waits for its answer, and stay
// queued until they are taken.
#pragma once

#include <nlohmann/json.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/result.hpp"
#include "lib/sys/unique_fd.hpp"
#include "lib/vm/deadline.hpp"

namespace bulkhead::vm {

struct QmpGreeting {
  std::string qemu_version;  // "10.0.13"
  bool operator==(const QmpGreeting&) const = default;
};

struct QmpReturn {
  nlohmann::json value;
  bool operator==(const QmpReturn&) const = default;
};

struct QmpFailure {
  std::string error_class;
  std::string description;
  bool operator==(const QmpFailure&) const = default;
};

struct QmpEvent {
  std::string name;     // "RESET", "SHUTDOWN", "WATCHDOG", "GUEST_PANICKED", …
  nlohmann::json data;  // null when the event carries none
  bool operator==(const QmpEvent&) const = default;
};

using QmpMessage = std::variant<QmpGreeting, QmpReturn, QmpFailure, QmpEvent>;

// One line of the protocol, at most 1 MiB. Errors: data_loss for anything that is not a message.
Result<QmpMessage> parse_qmp_message(std::string_view line);

// The text of a member of an answer or event; empty when there is none.
std::string text_member(const nlohmann::json& object, const char* name);

class Qmp {
 public:
  // Waits for the greeting and negotiates capabilities.
  static Result<Qmp> attach(sys::UniqueFd fd, Deadline deadline);

  int fd() const { return fd_.get(); }
  bool open() const { return static_cast<bool>(fd_); }

  // Errors: failed_precondition when QEMU refuses, unavailable when the connection ends or the deadline passes.
  Result<nlohmann::json> execute(std::string_view command, Deadline deadline, nlohmann::json arguments = nullptr);

  // Queues what has arrived, without blocking; at the end of the stream the descriptor is closed.
  Result<> read_available();
  // Takes the oldest event of that name, and drops all events before it. Without such an event, changes nothing.
  std::optional<QmpEvent> take_event(std::string_view name);
  const std::deque<QmpEvent>& events() const { return events_; }

 private:
  explicit Qmp(sys::UniqueFd fd) : fd_(std::move(fd)) {}
  Result<QmpMessage> next_reply(Deadline deadline);

  sys::UniqueFd fd_;
  std::string buffer_;
  std::deque<QmpMessage> replies_;
  std::deque<QmpEvent> events_;
};

}  // namespace bulkhead::vm
