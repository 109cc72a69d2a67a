#include "api-server/front/lockdown.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <format>

#include "lib/sys/file.hpp"

using namespace bulkhead;

namespace {

// In a child that is locked down; true when `attempt` says so there.
template <class Attempt>
bool holds(Attempt attempt) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(front::lock_down() && attempt() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_refused(long result) { return result == -1 && errno == EPERM; }

}  // namespace

TEST_CASE("a front opens no file, starts no program and makes no socket") {
  CHECK(holds([] { return is_refused(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }));
  CHECK(holds([] {
    struct stat status{};
    return is_refused(::stat("/", &status));
  }));
  CHECK(holds([] { return is_refused(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }));
  CHECK(holds([] { return is_refused(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }));
  CHECK(holds([] { return is_refused(::connect(STDIN_FILENO, nullptr, 0)); }));
  CHECK(holds([] { return is_refused(::bind(STDIN_FILENO, nullptr, 0)); }));
  CHECK(holds([] {
    char* const none[] = {nullptr};
    return is_refused(::execve("/usr/bin/true", none, none));
  }));
  CHECK(holds([] { return is_refused(::fork()); }));
  CHECK(holds([] { return is_refused(::kill(::getppid(), 0)); }));
  CHECK(holds([] { return is_refused(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }));
  CHECK(holds([] { return is_refused(::unlink("/tmp/x")); }));
  CHECK(holds([] { return is_refused(::ioctl(STDIN_FILENO, FIOCLEX)); }));
}

TEST_CASE("a front still serves the sockets that it has") {
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  CHECK(holds([&] {
    int on = 1;
    char byte = 'x';
    return ::ioctl(ends[0], FIONBIO, &on) == 0 && ::send(ends[0], &byte, 1, MSG_NOSIGNAL) == 1 &&
           ::recv(ends[1], &byte, 1, 0) == 1 && byte == 'x' && ::close(ends[0]) == 0;
  }));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a front has no capability and gets none with a program, as /proc says") {
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  char byte = 'x';
  if (child == 0) {
    ::close(ends[0]);
    if (!front::lock_down() || ::write(ends[1], &byte, 1) != 1) ::_exit(1);
    ::_exit(::read(ends[1], &byte, 1) == 0 ? 0 : 1);  // until the test has looked
  }
  ::close(ends[1]);
  REQUIRE(::read(ends[0], &byte, 1) == 1);
  const auto status = sys::read_file(std::format("/proc/{}/status", child), 64U << 10U);
  ::close(ends[0]);
  int ended = -1;
  REQUIRE(::waitpid(child, &ended, 0) == child);
  REQUIRE(status);
  CHECK(status->contains("CapEff:\t0000000000000000\n"));
  CHECK(status->contains("CapPrm:\t0000000000000000\n"));
  CHECK(status->contains("CapAmb:\t0000000000000000\n"));
  CHECK(status->contains("NoNewPrivs:\t1\n"));
  CHECK(status->contains("Seccomp:\t2\n"));
}
