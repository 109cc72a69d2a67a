// The verbs of apiclient by theme. Each function declares a group of them; their options are made when a verb is
// chosen.
#pragma once

#include <string>
#include <string_view>

#include "api-client/api.hpp"
#include "lib/cli/program.hpp"
#include "lib/net/well_known.hpp"

namespace bulkhead::client {

// The node, from the options before the verb. Lives as long as the program.
struct Where {
  std::string socket{net::kApiSocket};
  std::string node;  // empty: the socket
};

Result<Api> open_api(const Where& where);

void declare_reading_verbs(cli::Program& program, const Where& where);
void declare_changing_verbs(cli::Program& program, const Where& where);
void declare_history_verbs(cli::Program& program, const Where& where);
void declare_state_verbs(cli::Program& program, const Where& where);
void declare_action_verbs(cli::Program& program, const Where& where);
void declare_profile_verbs(cli::Program& program);

// Prints data to standard output, whose errors Program::main() reports. print_now() also flushes, for streams.
void print(std::string_view text);
void print_now(std::string_view text);
bool colors_data(const cli::Invocation& invocation);
// A message: to standard error, unless -q.
void note(const cli::Invocation& invocation, std::string_view text);

}  // namespace bulkhead::client
