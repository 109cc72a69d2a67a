#include <cstdio>
#include <string_view>

#include "api-server/console/daemon.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  const auto log = log::Log::from_environment();
  const bool farewell = argc == 3 && std::string_view(argv[1]) == "--farewell";
  if (argc != 1 && !farewell) {
    std::fputs("usage: bulkhead-console [--farewell TEXT]\n", stderr);
    return 2;
  }
  const auto result = farewell ? console::say_farewell(argv[2]) : console::run(log);
  if (!result) log.error(result.error());
  return result ? 0 : 1;
}
