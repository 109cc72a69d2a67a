// set, unset, apply, plan.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

#include "api-client/change.hpp"
#include "api-client/document.hpp"
#include "api-client/source.hpp"

namespace bulkhead::client {
namespace {

struct SetOptions {
  std::vector<std::string> pairs;
  std::string document;
  ChangeOptions change;
};

Result<Stage> stage_of(const SetOptions& given) {
  if (given.pairs.empty() == given.document.empty())
    return fail(error(ErrorCode::invalid_argument, "give settings either as KEY=VALUE or with --json")
                    .with_hint("for example: apiclient set motd=hello"));
  if (given.document.empty()) {
    for (const std::string& pair : given.pairs) {
      if (pair.find('=') == std::string::npos || pair.starts_with('=')) {
        return fail(error(ErrorCode::invalid_argument, "'{}' is not KEY=VALUE", pair)
                        .with_hint("for example: apiclient set motd=hello"));
      }
    }
    return [&given](Transaction& transaction) { return transaction.stage_pairs(given.pairs); };
  }
  Json document = TRY(parse_json_settings(given.document));
  const auto settings = std::make_shared<Json>(std::move(document));
  return [settings](Transaction& transaction) { return transaction.stage_document(*settings); };
}

void add_settings(CLI::App& app, SetOptions& given) {
  app.add_option("settings", given.pairs, "Settings to change; values are read according to each setting's type")
      ->type_name("KEY=VALUE");
  app.add_option("-j,--json", given.document,
                 "Settings as a JSON object (for an answer in JSON, put --json before the verb)")
      ->type_name("JSON");
}

// Everything is read and parsed before anything is sent to the node.
Result<cli::ExitCode> apply(const Where& where, const std::vector<std::string>& sources, const ChangeOptions& options,
                            const cli::Invocation& invocation) {
  std::vector<Json> documents;
  for (const std::string& source : sources) {
    const std::string name = source == "-" ? "standard input" : source.starts_with("base64:") ? "base64:" : source;
    const std::string text = TRY(read_source(source));
    Json document = TRY(parse_document(text, name));
    documents.push_back(std::move(document));
  }
  return change(where, "apply", options, invocation, [&](Transaction& transaction) -> Result<> {
    for (const Json& settings : documents) TRY(transaction.stage_document(settings));
    return {};
  });
}

}  // namespace

void declare_changing_verbs(cli::Program& program, const Where& where) {
  program.verb("set", "Change settings", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<SetOptions>();
    add_settings(app, *given);
    add_change_options(app, given->change);
    return [&where, given](const cli::Invocation& invocation) -> Result<cli::ExitCode> {
      const auto stage = TRY(stage_of(*given));
      return change(where, "set", given->change, invocation, stage);
    };
  });
  program.verb("unset", "Reset settings to their defaults", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<SetOptions>();
    app.add_option("key", given->pairs, "Settings to reset; a table resets everything in it")
        ->type_name("KEY")
        ->required();
    add_change_options(app, given->change);
    return [&where, given](const cli::Invocation& invocation) {
      return change(where, "unset", given->change, invocation,
                    [&](Transaction& transaction) { return transaction.stage_unset(given->pairs); });
    };
  });
  program.verb("apply", "Change settings to those of TOML or JSON documents", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<SetOptions>();
    given->pairs = {"-"};
    app.add_option(
        "source", given->pairs,
        "Documents with [settings]: a path, '-' for standard input, file://, http://, https:// or base64:. All are "
        "applied in one transaction; later ones win");
    add_change_options(app, given->change);
    return [&where, given](const cli::Invocation& invocation) {
      return apply(where, given->pairs, given->change, invocation);
    };
  });
  program.verb("plan", "Show what a change would do, without making it", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<SetOptions>();
    add_settings(app, *given);
    return [&where, given](const cli::Invocation& invocation) -> Result<cli::ExitCode> {
      const auto stage = TRY(stage_of(*given));
      return show_plan(where, "plan", invocation, stage);
    };
  });
}

}  // namespace bulkhead::client
