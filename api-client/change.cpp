#include "api-client/change.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <format>
#include <optional>

#include "api-client/document.hpp"
#include "lib/cli/terminal.hpp"
#include "lib/codec/json.hpp"
#include "lib/net/events.hpp"

namespace bulkhead::client {
namespace {

Result<std::optional<TryOptions>> wanted_try(const ChangeOptions& options) {
  if (options.try_for.empty()) {
    if (options.hold)
      return fail(error(ErrorCode::invalid_argument, "--hold needs --try").with_hint("for example: --try 60s --hold"));
    return std::nullopt;
  }
  if (options.dry_run)
    return fail(error(ErrorCode::invalid_argument, "--dry-run and --try exclude each other")
                    .with_hint("leave out --try to see what would change, or --dry-run to change it for a time"));
  const auto seconds = TRY(parse_seconds(options.try_for));
  return TryOptions{.seconds = seconds, .hold = options.hold};
}

// The same node, another verb.
std::string command(const Where& where, std::string_view verb) {
  if (!where.node.empty()) return std::format("apiclient -n {} {}", where.node, verb);
  if (where.socket != Where().socket) return std::format("apiclient -s {} {}", where.socket, verb);
  return std::format("apiclient {}", verb);
}

// The state in an event named "try"; empty for other events.
std::string state_of(const net::Event& event) {
  if (event.name != "try") return {};
  const Json data = codec::parse_ordered_json(event.data).value_or(Json());
  const auto state = data.is_object() ? data.find("state") : data.end();
  return data.is_object() && state != data.end() && state->is_string() ? state->get<std::string>() : std::string();
}

// Ends with the try: confirmed, or reverted.
Result<cli::ExitCode> hold(const Where& where, Transaction& transaction, int seconds,
                           const cli::Invocation& invocation) {
  note(invocation,
       std::format("in effect for {} s, or until this program ends; keep it: {}", seconds, command(where, "confirm")));
  net::EventReader reader;
  std::string state;
  Result<bool> read = true;
  TRY(transaction.commit_and_hold(seconds, [&](std::string_view bytes) {
    read = reader.feed(bytes, [&](const net::Event& event) {
      if (const std::string reported = state_of(event); !reported.empty()) state = reported;
      print_now(invocation.json ? event.data + "\n" : event_line(event.name, event.data, colors_data(invocation)));
      return state.empty() || state == "begun";
    });
    return read && *read;
  }));
  TRY(std::move(read));
  if (state == "confirmed") return cli::ExitCode::ok;
  return fail(
      error(ErrorCode::aborted, "the change was not confirmed and has been reverted")
          .with_hint(std::format("to keep a change, run '{}' in another terminal in time", command(where, "confirm"))));
}

}  // namespace

void add_change_options(CLI::App& app, ChangeOptions& options) {
  app.add_flag("--dry-run", options.dry_run, "Show what the change would do, and change nothing");
  app.add_option("--try", options.try_for,
                 "Revert the change after this time unless 'apiclient confirm' keeps it: 60s, 5m")
      ->type_name("TIME");
  app.add_flag("--hold", options.hold, "With --try: stay connected, and revert the change when the connection breaks");
}

void report_outcome(const Json& outcome, const cli::Invocation& invocation) {
  if (invocation.json) return print(pretty(outcome));
  const std::string text = outcome_text(outcome, cli::use_color(invocation.color, STDERR_FILENO));
  if (invocation.verbosity > 0) return note(invocation, std::string_view(text).substr(0, text.size() - 1));
  if (outcome.value("reboot_required", false))
    note(invocation, "some changes take effect only after a reboot: apiclient reboot");
}

Result<cli::ExitCode> show_plan(const Where& where, std::string_view verb, const cli::Invocation& invocation,
                                const Stage& stage) {
  Api api = TRY(open_api(where));
  Transaction transaction(api, verb);
  TRY(stage(transaction));
  const Json plan = TRY(transaction.plan());
  print(invocation.json ? pretty(plan) : plan_text(plan, colors_data(invocation)));
  return cli::ExitCode::ok;
}

Result<cli::ExitCode> change(const Where& where, std::string_view verb, const ChangeOptions& options,
                             const cli::Invocation& invocation, const Stage& stage) {
  const std::optional<TryOptions> attempt = TRY(wanted_try(options));
  if (options.dry_run) return show_plan(where, verb, invocation, stage);
  Api api = TRY(open_api(where));
  Transaction transaction(api, verb);
  TRY(stage(transaction));
  if (attempt && attempt->hold) return hold(where, transaction, attempt->seconds, invocation);
  const Json outcome = TRY(transaction.commit(attempt));
  report_outcome(outcome, invocation);
  if (attempt)
    note(invocation, std::format("in effect for {} s; keep it: {}; end it now: {}", attempt->seconds,
                                 command(where, "confirm"), command(where, "revert")));
  return cli::ExitCode::ok;
}

}  // namespace bulkhead::client
