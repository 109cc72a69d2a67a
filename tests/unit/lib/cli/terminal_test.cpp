#include "lib/cli/terminal.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/sys/file.hpp"
#include "tests/support/capture.hpp"

using namespace bulkhead;
using namespace bulkhead::cli;

TEST_CASE("colours follow --color first, then NO_COLOR, then the terminal") {
  const auto null = sys::open_file("/dev/null", O_RDWR);
  const sys::UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE((null && terminal));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  CHECK(use_color(ColorMode::automatic, terminal.get()));
  CHECK_FALSE(use_color(ColorMode::automatic, null->get()));
  CHECK(use_color(ColorMode::always, null->get()));
  CHECK_FALSE(use_color(ColorMode::never, terminal.get()));

  ::setenv("NO_COLOR", "", 1);
  CHECK(use_color(ColorMode::automatic, terminal.get()));
  ::setenv("NO_COLOR", "1", 1);
  CHECK_FALSE(use_color(ColorMode::automatic, terminal.get()));
  CHECK(use_color(ColorMode::always, terminal.get()));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  CHECK_FALSE(use_color(ColorMode::automatic, terminal.get()));
}

TEST_CASE("styles end where the text ends") {
  CHECK(styled("x", Style::red, true) == "\x1b[31mx\x1b[0m");
  CHECK(styled("x", Style::plain, true) == "x");
  CHECK(styled("x", Style::red, false) == "x");
}

TEST_CASE("columns are as wide as their widest cell, counted in characters") {
  CHECK(table({{"NAME", "SIZE"}, {"crun", "1 MiB"}, {"größer", "2"}}, false) ==
        "NAME    SIZE\n"
        "crun    1 MiB\n"
        "größer  2\n");
  CHECK(table({{"A", "B"}, {"x", ""}}, false) == "A  B\nx\n");
  CHECK(table({}, false).empty());
  CHECK(table({{"A"}, {"x"}}, true) == "\x1b[1mA\x1b[0m\nx\n");
}

TEST_CASE("an error is red on a terminal only") {
  const Error reason = error(ErrorCode::not_found, "no key").with_hint("make one");
  const auto plain = testing::capture([&] { print_error("os-builder", reason, ColorMode::automatic); });
  CHECK(plain.err == "os-builder: no key\n  hint: make one\n");
  CHECK(plain.out.empty());
  const auto colored = testing::capture([&] { print_error("os-builder", reason, ColorMode::always); });
  CHECK(colored.err.contains("\x1b[31mno key\x1b[0m"));
}
