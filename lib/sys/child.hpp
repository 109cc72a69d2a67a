// Child processes: no shell, an explicit environment, all descriptors but 0-2 closed.
//
// run() waits for the end and collects output; Child is a handle on a running program (a pidfd), killed and reaped by
// its destructor unless waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"
#include "lib/sys/unique_fd.hpp"

namespace bulkhead::sys {

struct Command {
  std::vector<std::string> arguments;            // arguments[0] is looked up in PATH
  std::vector<std::string> extra_environment{};  // "NAME=value", added to base_environment()
  std::optional<Path> directory{};               // working directory
  std::string input{};                           // standard input of run(); /dev/null when empty
  std::optional<std::chrono::seconds> limit{};   // of run(): how long it may take; as long as it takes when empty
};

// The environment of every child: PATH, HOME, TMPDIR of this process, and LC_ALL=C, TZ=UTC, so that no tool depends on
// the caller's locale or time zone. SOURCE_DATE_EPOCH only when given in extra_environment.
std::vector<std::string> base_environment();

struct Output {
  int exit_status = 0;  // 128 + signal when killed by one
  std::string out;
  std::string err;
};

// Waits until the program has ended and its output streams are closed, also by processes that it left running. It is
// not an error when the program does not read all of its input. Any exit status is a success of run() itself. Output
// beyond `limit` bytes per stream fails with failed_precondition. A program that has not ended within its own limit of
// time is killed, which is unavailable.
Result<Output> run(const Command& command, std::size_t limit = std::size_t{64} << 20U);

// run(), where an exit status other than 0 is an error with the last lines of standard error. Returns standard output.
Result<std::string> run_checked(const Command& command);

class Child {
 public:
  struct Streams {  // descriptors given to the child; -1 means /dev/null. 0, 1 and 2 only in their own place
    int in = -1;
    int out = -1;
    int err = -1;
  };

  static Result<Child> spawn(const Command& command, Streams streams);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  // Readable (poll) when the program has ended.
  int pidfd() const { return pidfd_.get(); }
  Result<> signal(int number);
  // Exit status, or nothing when `timeout` passed first. Without a timeout waits for ever.
  Result<std::optional<int>> wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}

  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace bulkhead::sys
