// apiclient: settings and state of a node, on the node or from elsewhere.
#include <CLI/CLI.hpp>

#include <cstdlib>

#include "api-client/arguments.hpp"
#include "api-client/verbs.hpp"

namespace {

using bulkhead::client::Where;

// Of the program, not of a verb: fallthrough() accepts them behind the verb too, where it has no option of that name.
void declare_globals(bulkhead::cli::Program& program, Where& where) {
  CLI::App& root = program.root();
  root.fallthrough();
  root.add_option("-s,--socket-path", where.socket, "Socket of the node's API")
      ->type_name("PATH")
      ->capture_default_str();
  root.add_option("-n,--node", where.node, "Ask another node: a profile, or HOST[:PORT]")->type_name("NODE");
  root.add_flag("-v", "Accepted for compatibility, without effect; see --verbose");
  root.add_option_function<std::string>(
          "--log-level", [](const std::string&) {}, "Accepted for compatibility, without effect")
      ->type_name("LEVEL");
}

// What a shell completes, by the nouns that the verbs' arguments have.
void complete(bulkhead::cli::Program& program) {
  program.complete("PREFIX", {.arguments = "schema --keys"});
  program.complete("KEY", {.arguments = "schema --keys"});
  program.complete("KEY=VALUE", {.arguments = "schema --keys", .suffix = "="});
  program.complete("NODE", {.arguments = "profile list --names"});
  program.complete("PROFILE", {.arguments = "profile list --names"});
}

void describe(bulkhead::cli::Program& program) {
  program.describe(
      "Settings change in transactions: all of what one command sets, or nothing. A change that a service does not "
      "take is "
      "taken back by the node, and the command says so. --dry-run shows what would happen; --try makes a change for a "
      "while, "
      "and the node takes it back by itself unless 'apiclient confirm' comes in time, also after a restart.");
  program.describe(
      "On the node the API is a socket, which root and members of group api may use. From elsewhere it is TLS 1.3 with "
      "certificates on both sides: 'apiclient profile add' gives a node a name, -n uses it. Profiles are in "
      "$XDG_CONFIG_HOME/bulkhead/profiles.toml.");
  program.describe(
      "Data goes to standard output: JSON from get, raw and schema, tables and lines from other verbs, which print the "
      "node's JSON with --json. set and plan have a --json of their own, the settings; for an answer in JSON, --json "
      "stands "
      "before the verb.");
  program.describe("Without a verb, -u, -m and -d mean 'raw'.");
  program.environment("XDG_CONFIG_HOME", "Where bulkhead/profiles.toml is; ~/.config when not set.");
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
  // Output has been flushed, and the kernel takes back a process faster than destructors do.
  std::_Exit(program.main(static_cast<int>(arguments.size()), arguments.data()));
}
