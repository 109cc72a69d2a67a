#include "tests/support/guest_shell.hpp"

#include "lib/base/text.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {

using namespace std::chrono_literals;

void wait_for_shell(Node& node) {
  must(node.machine().type("\n"));
  must(node.machine().wait_for_prompt("# ", vm::after(60s)));
}

ShellAnswer run_in_shell(Node& node, const std::string& command) {
  must(node.machine().type(std::format("echo BEG''IN; {}; echo EN''D $?\n", command)));
  must(node.machine().wait_for_line(vm::Pattern::line("BEGIN"), vm::after(120s)));
  constexpr std::string_view kEnd = "END ";
  ShellAnswer answer;
  for (;;) {
    const std::string line = must(node.machine().wait_for_line(vm::Pattern::text(""), vm::after(300s)));
    // What was printed last may have no end of line.
    if (const auto end = line.rfind(kEnd); end != std::string::npos) {
      if (const auto status = parse_integer<int>(trim(std::string_view(line).substr(end + kEnd.size())))) {
        answer.text += line.substr(0, end);
        answer.status = *status;
        return answer;
      }
    }
    answer.text += line + "\n";
  }
}

std::string answer(Node& node, const std::string& command) { return run_in_shell(node, command).text; }

std::string must_answer(Node& node, const std::string& command) {
  ShellAnswer answer = run_in_shell(node, command);
  INFO(command << ": " << answer.text);
  CHECK(answer.status == 0);
  return std::move(answer.text);
}

}  // namespace bulkhead::testing
