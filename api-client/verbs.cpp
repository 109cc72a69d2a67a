#include "api-client/verbs.hpp"

#include <unistd.h>

#include <cstdio>
#include <format>

#include "api-client/profiles.hpp"
#include "lib/cli/terminal.hpp"

namespace bulkhead::client {

Result<Api> open_api(const Where& where) {
  if (where.node.empty()) return Api::open(net::UnixEndpoint{where.socket});
  const sys::Path file = TRY(profiles_file());
  const Profiles profiles = TRY(load_profiles(file));
  const net::Endpoint endpoint = TRY(find_node(profiles, where.node));
  return Api::open(endpoint);
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_now(std::string_view text) {
  print(text);
  std::fflush(stdout);
}

bool colors_data(const cli::Invocation& invocation) { return cli::use_color(invocation.color, STDOUT_FILENO); }

void note(const cli::Invocation& invocation, std::string_view text) {
  if (invocation.verbosity < 0) return;
  const std::string line = std::format("{}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace bulkhead::client
