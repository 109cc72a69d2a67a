// The root shell of variant kvm-dev, on the machine's console.
#pragma once

#include <string>

#include "tests/support/node.hpp"

namespace bulkhead::testing {

void wait_for_shell(Node& node);

struct ShellAnswer {
  int status = 0;
  std::string text;  // what the command printed on both streams, and what others printed meanwhile
};

// Types a command and waits until it has ended. The marks around its output are built by the shell, so that the echo of
// what is typed has none.
ShellAnswer run_in_shell(Node& node, const std::string& command);
// Output only; whether the command succeeded does not matter.
std::string answer(Node& node, const std::string& command);
// The test fails when the command does.
std::string must_answer(Node& node, const std::string& command);

}  // namespace bulkhead::testing
