// confirm, revert, history, rollback, diff.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

#include "api-client/change.hpp"
#include "lib/cli/values.hpp"
#include "lib/net/uri.hpp"

namespace bulkhead::client {
namespace {

struct HistoryOptions {
  unsigned commit = 0;
  unsigned to = 0;
  bool has_to = false;
  unsigned limit = 0;
  ChangeOptions change;
};

std::string number(unsigned value) { return value == 0 ? std::string() : std::to_string(value); }

Result<cli::ExitCode> end_try(const Where& where, const std::string& target, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const Json outcome = TRY(api.call_json("POST", target));
  report_outcome(outcome, invocation);
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> history(const Where& where, const HistoryOptions& given, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const std::string target = given.commit == 0 ? net::target_of("/v1/history", {{"limit", number(given.limit)}})
                                               : "/v1/history/" + std::to_string(given.commit);
  const Json document = TRY(api.get_json(target));
  const bool color = colors_data(invocation);
  print(invocation.json     ? pretty(document)
        : given.commit == 0 ? history_table(document, color)
                            : commit_text(document, color));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> diff(const Where& where, const HistoryOptions& given, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const Json changes =
      TRY(api.get_json(net::target_of("/v1/diff", {{"from", std::to_string(given.commit)},
                                                   {"to", given.has_to ? std::to_string(given.to) : std::string()}})));
  print(invocation.json ? pretty(changes) : changes_text(changes, colors_data(invocation)));
  return cli::ExitCode::ok;
}

}  // namespace

void declare_history_verbs(cli::Program& program, const Where& where) {
  program.verb("confirm", "Keep the change that is being tried", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) { return end_try(where, "/v1/try/confirm", invocation); };
  });
  program.verb("revert", "Revert the change that is being tried", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) { return end_try(where, "/v1/try/revert", invocation); };
  });
  program.verb("history", "List commits, newest first, or show one", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<HistoryOptions>();
    app.add_option("commit", given->commit, "Number of a commit, to see what it changed")->check(cli::whole_number(1));
    app.add_option("-n,--lines", given->limit, "Show at most N commits")
        ->type_name("N")
        ->check(cli::whole_number(1, 10000));
    return [&where, given](const cli::Invocation& invocation) { return history(where, *given, invocation); };
  });
  program.verb("rollback", "Restore the settings as they were after a commit", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<HistoryOptions>();
    app.add_option("commit", given->commit, "Number of a commit; 0 means before the first")
        ->required()
        ->check(cli::whole_number(0));
    add_change_options(app, given->change);
    return [&where, given](const cli::Invocation& invocation) {
      return change(where, "rollback", given->change, invocation, [&](Transaction& transaction) {
        return transaction.stage_rollback(std::to_string(given->commit));
      });
    };
  });
  program.verb("diff", "Show what changed between two commits", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<HistoryOptions>();
    app.add_option("from", given->commit, "Number of a commit; 0 means before the first")
        ->required()
        ->check(cli::whole_number(0));
    const CLI::Option* to =
        app.add_option("to", given->to, "Number of a commit. Default: the settings now")->check(cli::whole_number(0));
    return [&where, given, to](const cli::Invocation& invocation) {
      given->has_to = to->count() > 0;
      return diff(where, *given, invocation);
    };
  });
}

}  // namespace bulkhead::client
