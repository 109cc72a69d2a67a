#include "lib/vm/serial.hpp"

#include <catch2/catch_test_macros.hpp>
#include <sys/socket.h>

#include <array>

namespace bulkhead::vm {
namespace {

TEST_CASE("terminal control is not part of a line") {
  CHECK(without_terminal_control("plain\ttext\n") == "plain\ttext\n");
  CHECK(without_terminal_control("\x1b[2J\x1b[01;01H\x1b[=3hBdsDxe: loading\r\n") == "BdsDxe: loading\n");
  CHECK(without_terminal_control("\x1b]0;title\a$ ") == "$ ");
  CHECK(without_terminal_control("\x1b]8;;x\x1b\\link") == "link");
  CHECK(without_terminal_control("a\x1b(Bb") == "ab");
  CHECK(without_terminal_control("cut off \x1b[3") == "cut off ");
  CHECK(without_terminal_control("r\xc3\xa9sum\xc3\xa9") == "r\xc3\xa9sum\xc3\xa9");
}

TEST_CASE("a line is found once, and the next search goes on behind it") {
  SerialLog log;
  log.append("state=starting\r\nnoise\r\nstate=ready\r\n");
  CHECK(log.next_line(Pattern::text("state=")) == "state=starting");
  CHECK(log.next_line(Pattern::text("state=")) == "state=ready");
  CHECK_FALSE(log.next_line(Pattern::text("state=")));
  log.rewind();
  CHECK(log.next_line(Pattern::line("state=ready")) == "state=ready");
  log.rewind();
  CHECK_FALSE(log.next_line(Pattern::line("state=")));
  log.rewind();
  CHECK(
      log.next_line(Pattern::accepted_by([](std::string_view line) { return line.ends_with("ready"); }, "of the end")));
}

TEST_CASE("a line counts only when it is complete") {
  SerialLog log;
  log.append("bulkhead: state=re");
  CHECK_FALSE(log.next_line(Pattern::text("state=re")));
  CHECK(log.at_prompt("state=re"));
  log.append("ady\n");
  CHECK(log.next_line(Pattern::text("state=ready")));
  CHECK_FALSE(log.at_prompt("state=ready"));
}

TEST_CASE("an escape sequence cut in two by the transport does not reach a line") {
  SerialLog log;
  log.append("\x1b[3");
  CHECK(log.tail().empty());
  log.append("1mred\n");
  CHECK(log.lines() == std::vector<std::string>{"red"});
}

TEST_CASE("the last lines are shown with the unfinished one") {
  SerialLog log;
  log.append("1\n2\n3\n4");
  CHECK(log.last_lines(2) == "2\n3\n4");
  CHECK(log.last_lines(10) == "1\n2\n3\n4");
}

TEST_CASE("what the guest prints is taken in as it comes, and its end is noticed") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  sys::UniqueFd guest(ends[0]);
  Result<Serial> serial = Serial::attach(sys::UniqueFd(ends[1]));
  REQUIRE(serial);
  CHECK(serial->read_available() == std::string_view());
  REQUIRE(::send(guest.get(), "hello\r\n", 7, MSG_NOSIGNAL) == 7);
  CHECK(serial->read_available() == std::string_view("hello\r\n"));
  CHECK(serial->log().lines() == std::vector<std::string>{"hello"});

  REQUIRE(serial->write("id\n"));
  std::array<char, 8> typed{};
  CHECK(::recv(guest.get(), typed.data(), typed.size(), MSG_DONTWAIT) == 3);

  CHECK(serial->open());
  guest = sys::UniqueFd();
  CHECK(serial->read_available() == std::string_view());
  CHECK_FALSE(serial->open());
}

}  // namespace
}  // namespace bulkhead::vm
