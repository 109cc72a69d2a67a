// set, unset, apply, plan.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <memory>
#include <set>

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

// A key may have '=' between quotes; outside of them the first one ends it. Empty when nothing ends it.
std::string key_of(const std::string& pair) {
  bool quoted = false;
  for (std::size_t end = 0; end < pair.size(); ++end) {
    if (pair[end] == '=' && !quoted) return pair.substr(0, end);
    quoted ^= pair[end] == '"';
  }
  return {};
}

Result<> check_pairs(const std::vector<std::string>& pairs) {
  std::set<std::string> keys;
  for (const std::string& pair : pairs) {
    const std::string key = key_of(pair);
    if (key.empty())
      return fail(error(ErrorCode::invalid_argument, "'{}' is not KEY=VALUE", pair)
                      .with_hint("for example: apiclient set motd=hello"));
    if (!keys.insert(full_prefix(key)).second)
      return fail(
          error(ErrorCode::invalid_argument, "'{}' is given twice", key).with_hint("give each setting one value"));
  }
  return {};
}

Result<Stage> stage_of(const SetOptions& given) {
  if (given.pairs.empty() == given.document.empty())
    return fail(error(ErrorCode::invalid_argument, "give settings either as KEY=VALUE or with --json")
                    .with_hint("for example: apiclient set motd=hello"));
  if (given.document.empty()) {
    TRY(check_pairs(given.pairs));
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
    if (source == "-" && ::isatty(STDIN_FILENO) == 1)
      note(invocation, "Type a document with [settings], in TOML or JSON. Ctrl-D ends and applies it, Ctrl-C stops.");
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
