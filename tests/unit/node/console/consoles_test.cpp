#include "node/console/consoles.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead::console;

TEST_CASE("the kernel lists its consoles in one line") {
  CHECK(parse_active("tty0 ttyS0\n") == std::vector<std::string>{"tty0", "ttyS0"});
  CHECK(parse_active("\n").empty());
}

TEST_CASE("a name that is not a device of /dev is left out") {
  CHECK(parse_active("../etc/passwd tty/0 hvc0") == std::vector<std::string>{"hvc0"});
}

TEST_CASE("a screen is cleared, a serial line is not") {
  CHECK(for_terminal("tty0", "a\n") == "\x1b[H\x1b[2Ja\r\n");
  CHECK(for_terminal("ttyS0", "a\n") == "\r\na\r\n");
  CHECK(for_terminal("hvc0", "a\n") == "\r\na\r\n");
}
