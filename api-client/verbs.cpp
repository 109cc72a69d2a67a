#include "api-client/verbs.hpp"

#include <unistd.h>

#include <cstdio>
#include <format>

#include "api-client/profiles.hpp"
#include "lib/cli/terminal.hpp"

namespace bulkhead::client {

Result<Api> open_api(const Where& where) {
  if (where.node.empty()) {
    auto here = Api::open(net::UnixEndpoint{where.socket});
    if (!here && here.error().code == ErrorCode::unavailable)
      here.error().hint =
          "on a node, check that apiserver is running; from elsewhere, name the node: apiclient -n NODE";
    return here;
  }
  const sys::Path file = TRY(profiles_file());
  const Profiles profiles = TRY(load_profiles(file));
  const net::Endpoint endpoint = TRY(find_node(profiles, where.node));
  auto api = Api::open(endpoint);
  const bool looks_like_profile = where.node.find_first_of(".:") == std::string::npos;
  if (!api && api.error().code == ErrorCode::unavailable && looks_like_profile && !profiles.contains(where.node))
    api.error().hint = std::format("no profile is called '{}', so it was taken as a host's name; {}", where.node,
                                   hint_for_unknown(profiles, where.node));
  return api;
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
