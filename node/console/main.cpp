#include <cstdio>
#include <string_view>

#include "node/console/daemon.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  const auto log = log::Log::from_environment();
  const bool failed = argc == 3 && std::string_view(argv[1]) == "--failure-notice";
  if (argc != 1 && !failed) {
    std::fputs("usage: bulkhead-console [--failure-notice TEXT]\n", stderr);
    return 2;
  }
  const auto result = failed ? console::announce_failure(argv[2]) : console::run(log);
  if (!result) log.error(result.error());
  return result ? 0 : 1;
}
