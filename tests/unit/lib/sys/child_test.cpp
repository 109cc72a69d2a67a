#include "lib/sys/child.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "lib/base/text.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::sys;
using namespace std::chrono_literals;

namespace {

Output shell(const std::string& script, std::string input = {}) {
  const auto output = run({.arguments = {"sh", "-c", script}, .input = std::move(input)});
  REQUIRE(output);
  return *output;
}

// Sets the disposition of a signal for one test.
class Disposition {
 public:
  Disposition(int number, sighandler_t handler) : number_(number), before_(::signal(number, handler)) {}
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;
  ~Disposition() { ::signal(number_, before_); }

 private:
  int number_;
  sighandler_t before_;
};

}  // namespace

TEST_CASE("output, errors and the exit status of a program are told apart") {
  const Output output = shell("echo out; echo err >&2; exit 7");
  CHECK(output.out == "out\n");
  CHECK(output.err == "err\n");
  CHECK(output.exit_status == 7);
}

TEST_CASE("a program killed by a signal has status 128 plus the signal") {
  CHECK(shell("kill -TERM $$").exit_status == 128 + SIGTERM);
  CHECK(shell("kill -KILL $$").exit_status == 128 + SIGKILL);
}

TEST_CASE("a program that does not exist is one error that names it") {
  const auto output = run({.arguments = {"no-such-program-7"}});
  REQUIRE_FALSE(output);
  CHECK(output.error().code == ErrorCode::not_found);
  CHECK(output.error().message.contains("no-such-program-7"));
  CHECK_FALSE(run({.arguments = {}}));
}

TEST_CASE("arguments reach the program as they are: no shell, no splitting") {
  const auto output = run({.arguments = {"printf", "%s|", "a b", "$HOME", "", "*", "'\"\\"}});
  REQUIRE(output);
  CHECK(output->out == "a b|$HOME||*|'\"\\|");
}

TEST_CASE("large output on both streams and large input at once do not block") {
  const std::string input(std::size_t{3} << 20U, 'i');
  const Output output = shell("tee /dev/stderr", input);
  CHECK(output.out == input);
  CHECK(output.err == input);
}

TEST_CASE("output beyond the limit is an error and the program is gone") {
  const auto output = run({.arguments = {"yes"}}, 100000);
  REQUIRE_FALSE(output);
  CHECK(output.error().code == ErrorCode::failed_precondition);
}

TEST_CASE("without input a program reads the end of the file") { CHECK(shell("cat; echo end").out == "end\n"); }

TEST_CASE("a program that does not read its input neither fails nor kills us") {
  const std::string input(std::size_t{4} << 20U, 'i');
  SECTION("when SIGPIPE would kill this process") {
    const Disposition disposition(SIGPIPE, SIG_DFL);
    CHECK(shell("exec <&-; exit 3", input).exit_status == 3);
    CHECK(shell("head -c 1", input).out == "i");
  }
  SECTION("when SIGPIPE is ignored") {
    const Disposition disposition(SIGPIPE, SIG_IGN);
    CHECK(shell("exec <&-; exit 3", input).exit_status == 3);
  }
}

TEST_CASE("the environment is only what we give, the locale and the time zone are fixed") {
  ::setenv("BULKHEAD_TEST_LEAK", "1", 1);
  ::setenv("LC_ALL", "de_DE.UTF-8", 1);
  ::setenv("SOURCE_DATE_EPOCH", "5", 1);
  const auto output = run({.arguments = {"env"}, .extra_environment = {"EXTRA=yes"}});
  ::unsetenv("BULKHEAD_TEST_LEAK");
  ::unsetenv("LC_ALL");
  ::unsetenv("SOURCE_DATE_EPOCH");
  REQUIRE(output);
  for (const std::string_view line : split(trim(output->out), '\n')) {
    const std::string_view name = line.substr(0, line.find('='));
    INFO(line);
    CHECK(
        (name == "LC_ALL" || name == "TZ" || name == "PATH" || name == "HOME" || name == "TMPDIR" || name == "EXTRA"));
  }
  CHECK(output->out.contains("LC_ALL=C\n"));
  CHECK(output->out.contains("TZ=UTC\n"));
  CHECK(output->out.contains("EXTRA=yes\n"));
}

TEST_CASE("a program runs in the directory that it is given") {
  const auto dir = TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-");
  REQUIRE(dir);
  const auto output = run({.arguments = {"pwd", "-P"}, .directory = dir->path()});
  REQUIRE(output);
  CHECK(trim(output->out) == std::filesystem::canonical(dir->path()).native());
  CHECK_FALSE(run({.arguments = {"pwd"}, .directory = "/nonexistent"}));
}

TEST_CASE("a program gets descriptors 0 to 2 and no other, even one without FD_CLOEXEC") {
  const int leak = ::fcntl(STDERR_FILENO, F_DUPFD, 40);
  REQUIRE(leak >= 40);
  const Output output = shell("ls /proc/self/fd");
  ::close(leak);
  CHECK(output.out == "0\n1\n2\n3\n");  // 3 is the directory that ls reads
}

TEST_CASE("running programs leaves no descriptor behind in us") {
  const auto count = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const auto before = count();
  for (int i = 0; i < 5; ++i) {
    shell("true", "input");
    CHECK_FALSE(run({.arguments = {"no-such-program-7"}}));
  }
  CHECK(count() == before);
}

TEST_CASE("a program starts with no blocked and no ignored signals") {
  const Disposition disposition(SIGINT, SIG_IGN);
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const Output output = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status");
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  CHECK(output.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("a program that takes longer than its limit is killed, and so is one that has closed its output") {
  for (const char* script : {"exec sleep 1000", "exec sleep 1000 >&- 2>&-"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto output = run({.arguments = {"sh", "-c", script}, .limit = std::chrono::seconds(1)});
    REQUIRE(!output);
    CHECK(output.error().code == bulkhead::ErrorCode::unavailable);
    CHECK(output.error().message == "sh did not end within 1 seconds and was killed");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::minutes(1));
  }
  CHECK(run({.arguments = {"true"}, .limit = std::chrono::hours(1)}));
}

TEST_CASE("run_checked gives standard output, or an error with the last words of the program") {
  CHECK(run_checked({.arguments = {"echo", "x"}}) == "x\n");
  const auto failed = run_checked({.arguments = {"sh", "-c", "seq 1 100 >&2; exit 9"}});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message.contains("status 9"));
  CHECK(failed.error().message.ends_with("93\n94\n95\n96\n97\n98\n99\n100"));
  const auto on_stdout = run_checked({.arguments = {"sh", "-c", "echo why; exit 1"}});
  CHECK(on_stdout.error().message.ends_with("why"));
}

TEST_CASE("waiting ends at its deadline and the program goes on") {
  auto child = Child::spawn({.arguments = {"sleep", "60"}}, {});
  REQUIRE(child);
  const auto early = child->wait(20ms);
  REQUIRE(early);
  CHECK_FALSE(early->has_value());
  CHECK(::kill(child->pid(), 0) == 0);
  REQUIRE(child->signal(SIGTERM));
  const auto late = child->wait(60s);
  REQUIRE(late);
  CHECK(*late == 128 + SIGTERM);
}

TEST_CASE("a child that is not waited for is killed and reaped") {
  pid_t pid = -1;
  {
    const auto child = Child::spawn({.arguments = {"sleep", "60"}}, {});
    REQUIRE(child);
    pid = child->pid();
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) < 0);
  CHECK(errno == ESRCH);
}

TEST_CASE("a moved child has one owner") {
  auto first = Child::spawn({.arguments = {"sh", "-c", "exit 4"}}, {});
  REQUIRE(first);
  Child second = std::move(*first);
  const auto status = second.wait();
  REQUIRE(status);
  CHECK(*status == 4);
}
