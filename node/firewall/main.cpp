// bulkhead-firewall [--check] FILE: loads nftables rules in one transaction, or says what is wrong with them.
#include <cstdio>
#include <string_view>

#include "lib/log/log.hpp"
#include "node/firewall/ruleset.hpp"

int main(int argc, char** argv) {
  using namespace bulkhead;
  const bool check = argc == 3 && std::string_view(argv[1]) == "--check";
  if (argc != 2 && !check) {
    std::fputs("usage: bulkhead-firewall [--check] FILE\n", stderr);
    return 2;
  }
  const auto log = log::Log::from_environment();
  auto result = firewall::apply_ruleset(argv[argc - 1], check ? firewall::Mode::check : firewall::Mode::load);
  if (result) return 0;
  log.error(std::move(result).error().with_context("the packet filter was not changed"));
  return 1;
}
