#include "lib/sys/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.41 declares these without C linkage
#include <sys/pidfd.h>
}

#include <algorithm>
#include <array>
#include <utility>

namespace bulkhead::sys {
namespace {

// posix_spawn's attribute objects, released on every path.
struct SpawnPlan {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail_errno("creating a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Reads what has arrived; closes `fd` at the end of the stream.
Result<> drain(UniqueFd& fd, std::string& into, std::size_t limit) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count < 0) return fail_errno("reading the output of a program");
  if (count == 0) return fd.close();
  into.append(buffer.data(), static_cast<std::size_t>(count));
  if (into.size() > limit) return fail(ErrorCode::failed_precondition, "a program printed more than {} bytes", limit);
  return {};
}

// write(2) without SIGPIPE: the signal is blocked for this thread, and consumed if this call raised it. So run() is
// safe in a program that does not ignore the signal.
ssize_t write_without_sigpipe(int fd, std::string_view input) {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t count = ::write(fd, input.data(), input.size());
  const int reason = errno;
  if (count < 0 && reason == EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
    constexpr timespec kNow{};
    ::sigtimedwait(&pipe_signal, nullptr, &kNow);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = reason;
  return count;
}

Result<> feed(UniqueFd& fd, std::string_view& input) {
  const ssize_t count = write_without_sigpipe(fd.get(), input);
  if (count < 0 && errno == EPIPE) return fd.close();  // the program does not want the rest
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  if (count < 0) return fail_errno("writing to a program");
  input.remove_prefix(static_cast<std::size_t>(count));
  return input.empty() ? fd.close() : Result<>{};
}

std::string last_lines(std::string_view text, std::size_t lines) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t start = text.size();
  while (lines > 0 && start > 0) {
    start = text.rfind('\n', start - 1);
    if (start == std::string_view::npos) return std::string(text);
    --lines;
  }
  return std::string(text.substr(start == text.size() ? 0 : start + 1));
}

class Deadline {
 public:
  explicit Deadline(std::optional<std::chrono::seconds> limit) : limit_(limit) {}

  // Nothing: there is none.
  std::optional<std::chrono::milliseconds> left() const {
    if (!limit_) return std::nullopt;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(start_ + *limit_ - Clock::now());
    return std::max(left, std::chrono::milliseconds::zero());
  }
  // For poll(2).
  int left_to_poll() const {
    constexpr std::int64_t kHour = 3'600'000;
    const auto time = left();
    return time ? static_cast<int>(std::min(time->count(), kHour)) : -1;
  }
  bool passed() const { return left() == std::chrono::milliseconds::zero(); }
  std::unexpected<Error> error(std::string_view program) const {
    return fail(ErrorCode::unavailable, "{} did not end within {} seconds and was killed", program,
                limit_.value_or(std::chrono::seconds::zero()).count());
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<std::chrono::seconds> limit_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

std::vector<std::string> base_environment() {
  std::vector<std::string> environment = {"LC_ALL=C", "TZ=UTC"};
  for (const char* name : {"PATH", "HOME", "TMPDIR"}) {
    // Read at start-up by a single thread; nothing here calls setenv().
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value != nullptr) environment.push_back(std::format("{}={}", name, value));
  }
  return environment;
}

Result<Child> Child::spawn(const Command& command, Streams streams) {
  if (command.arguments.empty()) return fail(ErrorCode::internal, "no program given");
  SpawnPlan plan;
  const std::array<std::pair<int, int>, 3> wiring = {{{streams.in, 0}, {streams.out, 1}, {streams.err, 2}}};
  for (const auto& [from, to] : wiring) {
    if (from < 0) {
      ::posix_spawn_file_actions_addopen(&plan.actions, to, "/dev/null", to == 0 ? O_RDONLY : O_WRONLY, 0);
    } else {
      ::posix_spawn_file_actions_adddup2(&plan.actions, from, to);
    }
  }
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  if (command.directory) ::posix_spawn_file_actions_addchdir_np(&plan.actions, command.directory->c_str());

  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = base_environment();
  environment.insert(environment.end(), command.extra_environment.begin(), command.extra_environment.end());
  int pidfd = -1;
  const int status = ::pidfd_spawnp(&pidfd, arguments[0].c_str(), &plan.actions, &plan.attributes,
                                    pointers(arguments).data(), pointers(environment).data());
  if (status != 0) return fail(errno_error(status, "starting {}", arguments[0]));
  UniqueFd handle(pidfd);
  const pid_t pid = ::pidfd_getpid(handle.get());
  return Child(pid, std::move(handle));
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 && errno == EINTR) {
  }
}

Result<> Child::signal(int number) {
  if (::pidfd_send_signal(pidfd_.get(), number, nullptr, 0) < 0) return fail_errno("signalling process {}", pid_);
  return {};
}

Result<std::optional<int>> Child::wait(std::optional<std::chrono::milliseconds> timeout) {
  if (timeout) {
    const auto deadline = std::chrono::steady_clock::now() + *timeout;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd entry{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
      const int count = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (count > 0) break;
      if (count == 0) return std::nullopt;
      if (errno != EINTR) return fail_errno("waiting for process {}", pid_);
    }
  }
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0) {
    if (errno != EINTR) return fail_errno("waiting for process {}", pid_);
  }
  pid_ = -1;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

Result<Output> run(const Command& command, std::size_t limit) {
  Pipe in;
  if (!command.input.empty()) in = TRY(make_pipe());
  Pipe out = TRY(make_pipe());
  Pipe err = TRY(make_pipe());
  Child child =
      TRY(Child::spawn(command, {.in = in.read_end.get(), .out = out.write_end.get(), .err = err.write_end.get()}));
  TRY(in.read_end.close());
  TRY(out.write_end.close());
  TRY(err.write_end.close());
  if (in.write_end) ::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK);

  const Deadline deadline(command.limit);
  Output output;
  std::string_view input = command.input;
  while (out.read_end || err.read_end || in.write_end) {
    std::array<pollfd, 3> entries = {
        {{out.read_end.get(), POLLIN, 0}, {err.read_end.get(), POLLIN, 0}, {in.write_end.get(), POLLOUT, 0}}};
    if (::poll(entries.data(), entries.size(), deadline.left_to_poll()) < 0 && errno != EINTR)
      return fail_errno("waiting for {}", command.arguments[0]);
    if (deadline.passed()) return deadline.error(command.arguments[0]);
    if (entries[0].revents != 0) TRY(drain(out.read_end, output.out, limit));
    if (entries[1].revents != 0) TRY(drain(err.read_end, output.err, limit));
    if (entries[2].revents != 0) TRY(feed(in.write_end, input));
  }
  const auto status = TRY(child.wait(deadline.left()));
  if (!status) return deadline.error(command.arguments[0]);
  output.exit_status = *status;
  return output;
}

Result<std::string> run_checked(const Command& command) {
  Output output = TRY(run(command));
  if (output.exit_status != 0) {
    const std::string& said = output.err.empty() ? output.out : output.err;
    return fail(ErrorCode::internal, "{} ended with status {}: {}", command.arguments[0], output.exit_status,
                last_lines(said, 8));
  }
  return std::move(output.out);
}

}  // namespace bulkhead::sys
