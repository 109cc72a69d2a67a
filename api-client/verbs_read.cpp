// get, raw, explain, schema.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

#include "api-client/document.hpp"
#include "api-client/render.hpp"
#include "api-client/verbs.hpp"
#include "lib/base/text.hpp"
#include "lib/net/uri.hpp"

namespace bulkhead::client {
namespace {

struct GetOptions {
  std::vector<std::string> prefixes;
  std::vector<std::string> excluded;
};

Result<cli::ExitCode> get(const Where& where, const GetOptions& given) {
  Api api = TRY(open_api(where));
  Json document = Json::object();
  if (given.prefixes.empty()) document = TRY(api.get_json("/"));
  for (const std::string& prefix : given.prefixes) {
    if (!prefix.starts_with('/')) {
      const Json settings = TRY(api.get_json(net::target_of("/", {{"prefix", full_prefix(prefix)}})));
      merge(document, settings);
      continue;
    }
    if (given.prefixes.size() > 1)
      return fail(ErrorCode::invalid_argument, "'{}' is a path of the API: give it as the only argument", prefix);
    document = TRY(api.get_json(prefix));
  }
  for (const std::string& key : given.excluded) remove_key(document, full_prefix(key));
  print(pretty(document));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> raw(const Where& where, const net::ClientRequest& request) {
  Api api = TRY(open_api(where));
  char last = '\n';
  TRY(api.stream(request, [&last](std::string_view bytes) {
    print_now(bytes);
    last = bytes.back();
    return true;
  }));
  if (last != '\n') print("\n");
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> explain(const Where& where, const std::string& key, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const std::string text = TRY(api.get(net::target_of("/v1/explain", {{"key", key}})));
  print(invocation.json ? pretty({{"key", key}, {"text", text}}) : printable(text, Keep::lines));
  if (!invocation.json && !text.ends_with('\n')) print("\n");
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> schema(const Where& where, bool keys, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const Json document = TRY(api.get_json(keys ? "/v1/keys" : "/v1/schema"));
  if (!keys || invocation.json) {
    print(pretty(document));
    return cli::ExitCode::ok;
  }
  std::string lines;
  for (const auto& [key, sentence] : document.items()) lines += printable(key) + "\n";
  print(lines);
  return cli::ExitCode::ok;
}

}  // namespace

void declare_reading_verbs(cli::Program& program, const Where& where) {
  program.verb("get", "Show settings and facts, as JSON", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<GetOptions>();
    app.add_option("prefix", given->prefixes,
                   "What to show, for example motd, settings.network or os; or one path of the API, for example "
                   "/v1/status; everything when not given")
        ->type_name("PREFIX");
    app.add_option("--exclude", given->excluded, "Leave out this key or table; may be repeated")
        ->type_name("PREFIX")
        ->allow_extra_args(false);
    return [&where, given](const cli::Invocation&) { return get(where, *given); };
  });
  program.verb("raw", "Send one request and print the answer unchanged", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<net::ClientRequest>();
    given->target.clear();
    given->content_type = "application/json";
    app.add_option("-u,--uri", given->target, "Path and query, for example /settings?keys=settings.motd")
        ->required()
        ->type_name("URI");
    app.add_option("-m,-X,--method", given->method, "HTTP method")->type_name("METHOD")->capture_default_str();
    app.add_option("-d,--data", given->body, "Body, JSON")->type_name("DATA");
    return [&where, given](const cli::Invocation&) { return raw(where, *given); };
  });
  program.verb("explain", "Explain a setting", [&where](CLI::App& app) -> cli::Verb {
    auto key = std::make_shared<std::string>();
    app.add_option("key", *key, "Setting")->type_name("KEY")->required();
    return [&where, key](const cli::Invocation& invocation) { return explain(where, *key, invocation); };
  });
  program.verb("schema", "Print the JSON Schema of all settings", [&where](CLI::App& app) -> cli::Verb {
    auto keys = std::make_shared<bool>(false);
    app.add_flag("--keys", *keys, "Print only the keys, one per line; with --json, each with its description");
    return [&where, keys](const cli::Invocation& invocation) { return schema(where, *keys, invocation); };
  });
}

}  // namespace bulkhead::client
