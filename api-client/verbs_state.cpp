// status, health, watch, logs, audit, user-data, report.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

#include "api-client/boot_chart.hpp"
#include "api-client/failure.hpp"
#include "api-client/render.hpp"
#include "api-client/verbs.hpp"
#include "lib/base/text.hpp"
#include "lib/cli/values.hpp"
#include "lib/codec/json.hpp"
#include "lib/net/events.hpp"
#include "lib/net/uri.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::client {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 20U;

struct LogOptions {
  std::string unit;
  std::string since;
  std::string priority;
  std::string limit;
  bool follow = false;
};

struct ReportOptions {
  std::string subject;  // empty: the whole node
  bool svg = false;
  std::string output;
};

using Renderer = std::string (*)(const Json&, bool);

Result<cli::ExitCode> show(const Where& where, const std::string& target, Renderer render,
                           const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const Json document = TRY(api.get_json(target));
  print(invocation.json ? pretty(document) : render(document, colors_data(invocation)));
  return cli::ExitCode::ok;
}

// Whether the answer says so of this source.
bool is_refused(const Json& user_data, const std::string& source) {
  if (!user_data.is_object() || !user_data.contains("sources")) return false;
  return std::ranges::any_of(user_data["sources"], [&](const Json& each) {
    return each.is_object() && each.contains("source") && each["source"] == source && each.contains("result") &&
           each["result"] == "refused";
  });
}

// Shows it; before, takes in the ignored document of a source, if one is given.
Result<cli::ExitCode> user_data(const Where& where, const std::string& accepted, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const std::string accept = std::format("/v1/user-data/{}/accept", accepted);
  const Json document = TRY(accepted.empty() ? api.get_json("/v1/user-data") : api.call_json("POST", accept));
  print(invocation.json ? pretty(document) : user_data_table(document, colors_data(invocation)));
  return is_refused(document, accepted) ? cli::ExitCode::failed : cli::ExitCode::ok;
}

// A node that is not ready answers 503 with the same body.
Result<cli::ExitCode> health(const Where& where, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const net::ClientResponse response = TRY(api.ask({.target = "/v1/health"}));
  const auto document = parse_answer(response.body);
  if (!document || !document->is_object() || !document->contains("state")) return fail(error_of(response));
  print(invocation.json ? pretty(*document) : health_text(*document, colors_data(invocation)));
  return response.ok() ? cli::ExitCode::ok : cli::ExitCode::failed;
}

Result<cli::ExitCode> watch(const Where& where, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  net::EventReader reader;
  Result<bool> read = true;
  TRY(api.stream({.target = "/v1/events"}, [&](std::string_view bytes) {
    read = reader.feed(bytes, [&](const net::Event& event) {
      const auto data = codec::parse_ordered_json(event.data);
      const Json line = {{"event", event.name}, {"data", data ? *data : Json(event.data)}};
      print_now(invocation.json ? printable_json(line.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n"
                                : event_line(event.name, event.data, colors_data(invocation)));
      return true;
    });
    return read && *read;
  }));
  TRY(std::move(read));
  return fail(error(ErrorCode::unavailable, "the node closed the event stream")
                  .with_hint("the node may be restarting; try again in a moment"));
}

std::string no_messages(const LogOptions& given) {
  const std::string of_unit = given.unit.empty() ? "" : std::format(" of the unit {}", given.unit);
  std::string options = given.since.empty() ? "" : "--since";
  if (!given.priority.empty()) options += options.empty() ? "--priority" : " and --priority";
  if (options.empty()) return std::format("there are no messages{}", of_unit);
  return std::format("no messages{} match {}", of_unit, options);
}

Result<cli::ExitCode> logs(const Where& where, const LogOptions& given, const cli::Invocation& invocation) {
  Api api = TRY(open_api(where));
  const std::string target = net::target_of("/v1/logs", {{"unit", given.unit},
                                                         {"since", given.since},
                                                         {"priority", given.priority},
                                                         {"limit", given.limit},
                                                         {"follow", given.follow ? "true" : ""}});
  const bool color = colors_data(invocation);
  std::string partial;
  bool any = false;
  const auto show_line = [&](std::string_view line) {
    any = true;
    const auto entry = codec::parse_ordered_json(line);
    if (invocation.json || !entry) {
      print((invocation.json ? printable_json(line) : printable(line)) + "\n");
    } else {
      print(log_line(*entry, color));
    }
  };
  TRY(api.stream({.target = target}, [&](std::string_view bytes) {
    partial += bytes;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = partial.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (end > begin) show_line(std::string_view(partial).substr(begin, end - begin));
    }
    partial.erase(0, begin);
    print_now("");
    return partial.size() <= kLongestLine;
  }));
  if (!partial.empty()) show_line(partial);
  if (!any) note(invocation, no_messages(given));
  return cli::ExitCode::ok;
}

Result<std::string> boot_report(Api& api, const ReportOptions& given, const cli::Invocation& invocation) {
  const Json boot = TRY(api.get_json("/v1/boot"));
  if (given.svg) return boot_svg(boot);
  if (invocation.json) return pretty(boot);
  return boot_table(boot, given.output.empty() && colors_data(invocation));
}

Result<cli::ExitCode> report(const Where& where, const ReportOptions& given, const cli::Invocation& invocation) {
  const bool boot = given.subject == "boot";
  if (given.svg && (!boot || invocation.json))
    return fail(error(ErrorCode::invalid_argument, "{}",
                      boot ? "--svg and --json cannot be used together" : "--svg needs the subject 'boot'")
                    .with_hint("apiclient report boot --svg -o boot.svg"));
  Api api = TRY(open_api(where));
  auto text = boot ? boot_report(api, given, invocation) : api.get("/report");
  if (!text) return fail(std::move(text).error());
  if (given.output.empty())
    print(*text);
  else
    TRY(sys::write_file_atomically(given.output, *text));
  return cli::ExitCode::ok;
}

void add_limit(CLI::App& app, std::string& limit) {
  app.add_option("-n,--lines", limit, "Show at most N, the newest")->type_name("N")->check(cli::whole_number(1, 10000));
}

}  // namespace

void declare_state_verbs(cli::Program& program, const Where& where) {
  program.verb("status", "Show the node at a glance", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) { return show(where, "/v1/status", status_text, invocation); };
  });
  program.verb("health", "Say whether the node is ready (exit code 1: it is not)", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) { return health(where, invocation); };
  });
  program.verb("watch", "Show changes and health as they happen", [&where](CLI::App&) -> cli::Verb {
    return [&where](const cli::Invocation& invocation) { return watch(where, invocation); };
  });
  program.verb("logs", "Show messages from the journal", [&where](CLI::App& app) -> cli::Verb {
    auto given = std::make_shared<LogOptions>();
    app.add_option("-u,--unit", given->unit, "Only messages of this unit")->type_name("UNIT");
    app.add_option("--since", given->since, "Only newer messages: 90s, 15m, 2h, 1d, or an RFC 3339 time")
        ->type_name("TIME");
    app.add_option("-p,--priority", given->priority,
                   "Only this priority and more important: 3 errors, 4 warnings, 6 information")
        ->type_name("LEVEL")
        ->check(cli::whole_number(0, 7));
    app.add_flag("-f,--follow", given->follow, "Keep printing new messages");
    add_limit(app, given->limit);
    return [&where, given](const cli::Invocation& invocation) { return logs(where, *given, invocation); };
  });
  program.verb("audit", "Show who changed what, and who was refused", [&where](CLI::App& app) -> cli::Verb {
    auto limit = std::make_shared<std::string>();
    add_limit(app, *limit);
    return [&where, limit](const cli::Invocation& invocation) {
      return show(where, net::target_of("/v1/audit", {{"limit", *limit}}), audit_table, invocation);
    };
  });
  program.verb("user-data", "Show which user data was applied, and which was refused or ignored",
               [&where](CLI::App& app) -> cli::Verb {
                 auto accepted = std::make_shared<std::string>();
                 app.add_option("--accept", *accepted,
                                "Apply the ignored document of this source, and trust its disk from now on")
                     ->check(CLI::IsMember({"cidata", "config-drive", "fw-cfg", "smbios", "local"}));
                 return [&where, accepted](const cli::Invocation& invocation) {
                   return user_data(where, *accepted, invocation);
                 };
               });
  program.verb(
      "report", "Print a report about the node for support, without secrets, or about its boot",
      [&where](CLI::App& app) -> cli::Verb {
        auto given = std::make_shared<ReportOptions>();
        app.add_option("subject", given->subject,
                       "Report only on this: 'boot' (how long it took, and what waited for what)")
            ->check(cli::one_of({"boot"}));
        app.add_flag("--svg", given->svg, "Draw the report on the boot as an SVG picture");
        app.add_option("-o,--output", given->output, "Write to a file instead of standard output")->type_name("FILE");
        return [&where, given](const cli::Invocation& invocation) { return report(where, *given, invocation); };
      });
}

}  // namespace bulkhead::client
