// reboot, lockdown, reset, update, exec.
#include <CLI/CLI.hpp>

#include <format>
#include <memory>
#include <string>
#include <vector>

#include "api-client/verbs.hpp"
#include "lib/cli/values.hpp"

namespace bulkhead::client {
namespace {

struct UpdateOptions {
  bool check = false;
  bool reboot = false;
};

Result<cli::ExitCode> act(const Where& where, const std::string& target, const cli::Invocation& invocation,
                          std::string_view done) {
  Api api = TRY(open_api(where));
  TRY(api.call("POST", target));
  note(invocation, done);
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> update_check(const Where& where) {
  Api api = TRY(open_api(where));
  TRY(api.call("POST", "/actions/refresh-updates"));
  const std::string status = TRY(api.get("/updates/status"));
  print(status + "\n");
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> update_apply(const Where& where, const UpdateOptions& given, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  if (given.check) TRY(api.call("POST", "/actions/refresh-updates"));
  TRY(api.call("POST", "/actions/prepare-update"));
  TRY(api.call("POST", "/actions/activate-update"));
  if (given.reboot) TRY(api.call("POST", "/actions/reboot"));
  note(invocation, given.reboot ? "the node is shutting down to restart" : "the update takes effect at the next boot");
  return cli::ExitCode::ok;
}

}  // namespace

void declare_action_verbs(cli::Program& program, const Where& where) {
  program.group("update", "Look for, install and cancel updates of the operating system");
  program.verb("update check", "Look for an update", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation&) { return update_check(where); };
  });
  program.verb(
      "update apply", "Install an update, which takes effect at the next boot", [&where](CLI::App& app) -> cli::Verb {
        auto given = std::make_shared<UpdateOptions>();
        app.add_flag("-c,--check", given->check, "Look for one first");
        app.add_flag("-r,--reboot", given->reboot, "Restart the machine afterwards");
        return [&where, given](const cli::Invocation& invocation) { return update_apply(where, *given, invocation); };
      });
  program.verb("update cancel", "Cancel an update that is installed but not booted", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) {
      return act(where, "/actions/deactivate-update", invocation, "the update is cancelled");
    };
  });
  program.verb("reboot", "Restart the machine", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) {
      return act(where, "/actions/reboot", invocation, "the node is shutting down to restart");
    };
  });
  program.verb("reset", "Replace a lost file system with an empty one", [&where](CLI::App& app) -> cli::Verb {
    auto name = std::make_shared<std::string>();
    app.add_option("file-system", *name, "state (settings, keys) or data (containers, logs)")
        ->required()
        ->check(cli::one_of({"state", "data"}));
    return [&where, name](const cli::Invocation& invocation) {
      return act(where, std::format("/v1/file-systems/{}/reset", *name), invocation,
                 "an empty file system was made; restart the node to use it: apiclient reboot");
    };
  });
  program.verb("lockdown", "Refuse every change until the next boot", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) {
      return act(where, "/actions/lockdown", invocation, "all changes are refused until the next boot");
    };
  });
  // Declared as in Bottlerocket, so that the error says what is missing instead of refusing an option.
  program.verb(
      "exec", "Run a command in a host container (not available in this version)", [](CLI::App& app) -> cli::Verb {
        auto target = std::make_shared<std::string>();
        auto command = std::make_shared<std::vector<std::string>>();
        app.add_flag("-t,-T", "Give the command a terminal, or none");
        app.add_option("target", *target, "Host container")->required();
        app.add_option("command", *command, "Command with its arguments");
        app.fallthrough(false)->allow_extras();
        return [target, command](const cli::Invocation&) -> Result<cli::ExitCode> {
          return fail(error(ErrorCode::failed_precondition, "this version has no host containers to run a command in")
                          .with_hint("use apiclient logs, status or report"));
        };
      });
}

}  // namespace bulkhead::client
