#include "os-builder/run/terminal_session.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "lib/base/hex.hpp"

namespace bulkhead::run {
namespace {

using namespace std::chrono_literals;

// Only events end a wait here; after this time the deadline is renewed.
constexpr auto kRound = std::chrono::hours(1);

class RawTerminal {
 public:
  static Result<RawTerminal> enter(int fd) {
    RawTerminal terminal(fd);
    if (::tcgetattr(fd, &terminal.before_) < 0) return fail_errno("reading the terminal's mode");
    termios raw = terminal.before_;
    ::cfmakeraw(&raw);
    if (::tcsetattr(fd, TCSANOW, &raw) < 0) return fail_errno("setting the terminal's mode");
    terminal.active_ = true;
    return terminal;
  }
  RawTerminal(RawTerminal&& other) noexcept
      : fd_(other.fd_), active_(std::exchange(other.active_, false)), before_(other.before_) {}
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal() {
    if (active_) ::tcsetattr(fd_, TCSADRAIN, &before_);
  }

 private:
  explicit RawTerminal(int fd) : fd_(fd) {}

  int fd_;
  bool active_ = false;
  termios before_{};
};

// SIGINT, SIGTERM and SIGHUP as something to read, so that a killed session still restores the terminal.
class StopSignals {
 public:
  static Result<StopSignals> catch_them() {
    StopSignals signals;
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
    if (::pthread_sigmask(SIG_BLOCK, &set, &signals.before_) != 0)
      return fail(ErrorCode::internal, "cannot block signals");
    signals.active_ = true;
    signals.fd_ = sys::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.fd_) return fail_errno("catching signals");
    return signals;
  }
  StopSignals(StopSignals&& other) noexcept
      : fd_(std::move(other.fd_)), active_(std::exchange(other.active_, false)), before_(other.before_) {}
  StopSignals& operator=(StopSignals&&) = delete;
  ~StopSignals() {
    if (active_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  int fd() const { return fd_.get(); }
  bool arrived() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof(info)) == sizeof(info);
  }

 private:
  StopSignals() = default;

  sys::UniqueFd fd_;
  bool active_ = false;
  sigset_t before_{};
};

Result<> say(std::string_view text) { return sys::write_all(STDOUT_FILENO, as_bytes(text)); }

// The meaning of typed bytes.
class Keyboard {
 public:
  explicit Keyboard(vm::Machine& machine) : machine_(machine) {}

  Result<> typed(std::string_view bytes) {
    std::string pass;
    for (const char key : bytes) {
      if (std::exchange(escaped_, false)) {
        if (key == kEscapeKey) pass += key;
        TRY(act(key));
      } else if (key == kEscapeKey) {
        escaped_ = true;
      } else {
        pass += key;
      }
    }
    return machine_.ended() ? Result<>{} : machine_.type(pass);
  }

 private:
  Result<> act(char key) {
    switch (key) {
      case 'q': return machine_.cut_power();
      case 'p': return machine_.power_button();
      case 'r': return machine_.reset();
      case kEscapeKey: return {};
      default: return say(std::format("\r\n{}\r\n", kEscapeHelp));
    }
  }

  vm::Machine& machine_;
  bool escaped_ = false;
};

Result<> watch(int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  // A plain file as standard input cannot be watched and has nothing to say: EPERM.
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EPERM) return fail_errno("watching the terminal");
  return {};
}

}  // namespace

Result<> run_terminal_session(vm::Machine& machine) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  const StopSignals signals = TRY(StopSignals::catch_them());
  std::optional<RawTerminal> raw;
  if (terminal) {
    TRY(say(std::format("{}\n", kEscapeHelp)));
    RawTerminal entered = TRY(RawTerminal::enter(STDIN_FILENO));
    raw.emplace(std::move(entered));
  }
  const sys::UniqueFd events(::epoll_create1(EPOLL_CLOEXEC));
  if (!events) return fail_errno("watching the terminal");
  TRY(watch(events.get(), STDIN_FILENO));
  TRY(watch(events.get(), signals.fd()));

  Keyboard keyboard(machine);
  while (!machine.ended()) {
    const std::string_view output = TRY(machine.pump(vm::after(kRound), events.get()));
    TRY(say(output));
    if (signals.arrived()) return machine.cut_power();
    std::array<epoll_event, 2> ready{};
    const int count = ::epoll_wait(events.get(), ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
      if (ready.at(static_cast<std::size_t>(i)).data.fd != STDIN_FILENO) continue;
      std::array<char, 4096> buffer;
      const ssize_t size = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      if (size > 0) {
        TRY(keyboard.typed({buffer.data(), static_cast<std::size_t>(size)}));
      } else {
        ::epoll_ctl(events.get(), EPOLL_CTL_DEL, STDIN_FILENO, nullptr);  // no more input; the console goes on
      }
    }
  }
  return {};
}

}  // namespace bulkhead::run
