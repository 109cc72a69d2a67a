// apiclient: settings and state of a node, on the node or from elsewhere.
#include <CLI/CLI.hpp>

#include <cstdlib>

#include "api-client/arguments.hpp"
#include "api-client/verbs.hpp"

namespace {

using bulkhead::client::Where;

// Options of the program, not of a verb: fallthrough() accepts them after the verb too, if the verb has no option of
// that name.
void declare_globals(bulkhead::cli::Program& program, Where& where) {
  CLI::App& root = program.root();
  root.fallthrough();
  root.add_option("-s,--socket-path", where.socket, "Socket of the node's API")
      ->type_name("PATH")
      ->capture_default_str();
  root.add_option("-n,--node", where.node, "Talk to another node: a profile, or HOST[:PORT]")->type_name("NODE");
  root.add_flag("-v", "Accepted for compatibility, without effect; see --verbose");
  root.add_option_function<std::string>(
          "--log-level", [](const std::string&) {}, "Accepted for compatibility, without effect")
      ->type_name("LEVEL");
}

// The values that a shell completes, by the nouns of the verbs' arguments.
void complete(bulkhead::cli::Program& program) {
  program.complete("PREFIX", {.arguments = "schema --keys"});
  program.complete("KEY", {.arguments = "schema --keys"});
  program.complete("KEY=VALUE", {.arguments = "schema --keys", .suffix = "="});
  program.complete("NODE", {.arguments = "profile list --names"});
  program.complete("PROFILE", {.arguments = "profile list --names"});
}

void describe(bulkhead::cli::Program& program) {
  program.describe(
      "Settings change in transactions: everything that one command sets, or nothing. When a service refuses a change, "
      "the node restores the settings from before, and the command fails. --dry-run shows what would happen. --try "
      "makes a change for a limited time: the node reverts it, even after a restart, unless 'apiclient confirm' comes "
      "in time.");
  program.describe(
      "On the node, the API is a Unix socket for root and members of the group api. From elsewhere, it is TLS 1.3 with "
      "certificates on both sides: 'apiclient profile add' gives a node a name, and -n uses the name. Profiles are "
      "kept "
      "in $XDG_CONFIG_HOME/bulkhead/profiles.toml.");
  program.describe(
      "Data goes to standard output. get, raw and schema print JSON; other verbs print tables and lines, or the node's "
      "JSON with --json. For set and plan, --json after the verb gives the settings; put --json before the verb to get "
      "the answer as JSON.");
  program.describe("With -u, -m or -d and no verb, apiclient runs 'raw'.");
  program.environment("XDG_CONFIG_HOME", "Folder of bulkhead/profiles.toml. Default: ~/.config.");
}

}  // namespace

int main(int argc, char** argv) {
  namespace client = bulkhead::client;
  Where where;
  bulkhead::cli::Program program("apiclient", "read and change the settings and the state of a Bulkhead node",
                                 BULKHEAD_VERSION);
  declare_globals(program, where);
  complete(program);
  describe(program);
  client::declare_reading_verbs(program, where);
  client::declare_changing_verbs(program, where);
  client::declare_history_verbs(program, where);
  client::declare_state_verbs(program, where);
  client::declare_action_verbs(program, where);
  client::declare_profile_verbs(program);

  std::vector<std::string> words = client::with_default_verb(std::span(argv, static_cast<std::size_t>(argc)));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  // Output has been flushed, and the kernel frees a process faster than destructors do.
  std::_Exit(program.main(static_cast<int>(arguments.size()), arguments.data()));
}
