#include <cstdio>
#include <string_view>

#include "node/console/consoles.hpp"
#include "node/console/daemon.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  const auto log = log::Log::from_environment();
  const bool failed = argc == 3 && std::string_view(argv[1]) == "--failure-notice";
  const bool open = argc == 2 && std::string_view(argv[1]) == "--open-consoles";
  if (argc != 1 && !failed && !open) {
    std::fputs("usage: bulkhead-console [--open-consoles | --failure-notice TEXT]\n", stderr);
    return 2;
  }
  const auto result = failed ? console::announce_failure(argv[2]) : open ? console::open_to_group() : console::run(log);
  if (!result) log.error(result.error());
  return result ? 0 : 1;
}
