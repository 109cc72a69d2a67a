#include "lib/cli/progress.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <functional>
#include <print>

#include "lib/sys/file.hpp"
#include "tests/support/capture.hpp"

using namespace bulkhead;
using namespace bulkhead::cli;

namespace {

// "(0.0 s)" -> "(N s)"
std::string without_times(std::string text) {
  for (std::size_t at = 0; (at = text.find('(', at)) != std::string::npos; ++at) {
    text.replace(at, text.find(')', at) - at, "(N s");
  }
  return text;
}

// What `body` writes to standard error when that is a terminal of 40 columns.
std::string on_terminal(const std::function<void()>& body) {
  const sys::UniqueFd controller(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(controller);
  REQUIRE(::grantpt(controller.get()) == 0);
  REQUIRE(::unlockpt(controller.get()) == 0);
  const auto terminal = sys::open_file(::ptsname(controller.get()), O_RDWR | O_NOCTTY);
  REQUIRE(terminal);
  termios settings{};
  ::tcgetattr(terminal->get(), &settings);
  ::cfmakeraw(&settings);
  ::tcsetattr(terminal->get(), TCSANOW, &settings);
  const winsize size{.ws_row = 25, .ws_col = 40, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(terminal->get(), TIOCSWINSZ, &size);
  testing::capture([&] {
    ::dup2(terminal->get(), STDERR_FILENO);
    body();
  });
  // What is written to a terminal arrives in pieces: a byte that nothing else writes is the end.
  constexpr char kEnd = '\x04';
  REQUIRE(::write(terminal->get(), &kEnd, 1) == 1);
  std::string text;
  while (!text.ends_with(kEnd)) {
    std::string piece(4096, '\0');
    const ssize_t count = ::read(controller.get(), piece.data(), piece.size());
    REQUIRE(count > 0);
    text.append(piece, 0, static_cast<std::size_t>(count));
  }
  text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("without a terminal each stage is one plain line when it ends") {
  const auto captured = testing::capture([] {
    Progress progress({}, 2);
    progress.begin("packages");
    progress.update(0.5, "half");
    progress.end("unchanged");
    progress.note("something happened");
    progress.begin("erofs");
    progress.end("done");
  });
  CHECK(captured.out.empty());
  CHECK(without_times(captured.err) ==
        "[1/2] packages: unchanged (N s)\nsomething happened\n[2/2] erofs: done (N s)\n");
}

TEST_CASE("--verbose also tells when a stage begins") {
  const auto captured = testing::capture([] {
    Progress progress({.json = false, .verbosity = 1, .color = ColorMode::never}, 1);
    progress.begin("packages");
    progress.end("done");
  });
  CHECK(without_times(captured.err) == "[1/1] packages\n[1/1] packages: done (N s)\n");
}

TEST_CASE("-q says nothing, also on a terminal") {
  const Invocation quiet{.json = false, .verbosity = -1, .color = ColorMode::always};
  const auto body = [&] {
    Progress progress(quiet, 1);
    progress.begin("packages");
    progress.update(0.5);
    progress.note("something happened");
    progress.end("done");
    std::print(stderr, ".");
  };
  CHECK(testing::capture(body).err == ".");
  CHECK(on_terminal(body) == ".");
}

TEST_CASE("on a terminal there is a bar, cut to its width and removed again") {
  const std::string text = on_terminal([] {
    Progress progress({.json = false, .verbosity = 0, .color = ColorMode::never}, 3);
    progress.begin("erofs");
    progress.note("a line above");
  });
  CHECK(text == "[1/3] erofs        [...................\r\x1b[Ka line above\n");
}

TEST_CASE("an unfinished bar is removed when the work is given up") {
  const std::string text = on_terminal([] {
    Progress progress({.json = false, .verbosity = 0, .color = ColorMode::never}, 1);
    progress.begin("erofs");
  });
  CHECK(text.ends_with("\r\x1b[K"));
}

TEST_CASE("the bar is not redrawn more often than ten times per second") {
  const std::string text = on_terminal([] {
    Progress progress({.json = false, .verbosity = 0, .color = ColorMode::never}, 1);
    progress.begin("erofs");
    for (int i = 0; i < 1000; ++i) progress.update(i / 1000.0);
  });
  CHECK(text.size() < 1000);
}
