#include "api-client/render.hpp"

#include <nlohmann/json.hpp>

#include <format>
#include <vector>

#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"

namespace bulkhead::client {
namespace {

using cli::Style;
using cli::styled;

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}

std::string compact(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

// A string unchanged, null as empty, everything else as JSON.
std::string text(const Json& value) {
  if (value.is_null()) return {};
  return value.is_string() ? printable(value.get_ref<const std::string&>()) : printable(compact(value));
}

std::string text(const Json& object, const char* name) { return text(member(object, name)); }

std::string joined(const Json& list) {
  std::string result;
  if (!list.is_array()) return text(list);
  for (const Json& item : list) result += (result.empty() ? "" : ", ") + text(item);
  return result;
}

std::string change_line(const Json& change, bool color) {
  const Json& from = member(change, "from");
  const Json& to = member(change, "to");
  const std::string key = text(change, "key");
  if (from.is_null()) return styled(std::format("+ {} = {}", key, printable(compact(to))), Style::green, color);
  if (to.is_null()) return styled(std::format("- {} = {}", key, printable(compact(from))), Style::red, color);
  return styled(std::format("~ {} = {} -> {}", key, printable(compact(from)), printable(compact(to))), Style::yellow,
                color);
}

std::string section(std::string_view title, const std::vector<std::string>& lines, bool color) {
  if (lines.empty()) return {};
  std::string result = styled(title, Style::bold, color) + "\n";
  for (const std::string& line : lines) result += "  " + line + "\n";
  return result;
}

std::string files_and_services(const Json& document, bool color) {
  std::vector<std::string> files;
  for (const Json& file : member(document, "files"))
    files.push_back(std::format("{} {}", text(file, "path"), text(file, "change")));
  std::vector<std::string> services;
  for (const Json& service : member(document, "services")) {
    const std::string unit = text(service, "unit");
    std::string line = std::format("{}: {}", unit.empty() ? text(service, "service") : unit, text(service, "action"));
    const std::string result = text(service, "result");
    if (result == "failed") {
      line += styled(", failed", Style::red, color);
    } else if (!result.empty()) {
      line += ", " + result;
    }
    services.push_back(std::move(line));
  }
  std::string result = section("files", files, color) + section("services", services, color);
  if (member(document, "reboot_required") == true)
    result += styled("Some changes take effect only after a reboot.", Style::yellow, color) + "\n";
  return result;
}

Style style_of_state(std::string_view state) {
  return state == "ready" ? Style::green : state == "degraded" ? Style::red : Style::yellow;
}

std::string problems(const Json& document) {
  std::string result;
  for (const Json& problem : member(document, "problems")) result += "  " + text(problem) + "\n";
  return result;
}

}  // namespace

std::string pretty(const Json& document) {
  return printable_json(document.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string changes_text(const Json& changes, bool color) {
  std::string result;
  for (const Json& change : changes) result += change_line(change, color) + "\n";
  return result.empty() ? "No changes.\n" : result;
}

std::string plan_text(const Json& plan, bool color) {
  std::vector<std::string> changes;
  for (const Json& change : member(plan, "changes")) changes.push_back(change_line(change, color));
  if (changes.empty()) return "No changes.\n";
  return section("settings", changes, color) + files_and_services(plan, color);
}

std::string outcome_text(const Json& outcome, bool color) {
  const Json& keys = member(outcome, "keys");
  if (keys.empty()) return "Nothing changed.\n";
  const bool trying = member(outcome, "try").is_object();
  const std::string title = trying ? "trying" : std::format("commit {}", text(outcome, "commit"));
  std::vector<std::string> lines;
  for (const Json& key : keys) lines.push_back(text(key));
  return section(title, lines, color) + files_and_services(outcome, color);
}

std::string try_text(const Json& open_try, bool color) {
  return std::format("{}: {} s left, by {}: {}\n", styled("trying", Style::yellow, color),
                     text(open_try, "seconds_left"), text(open_try, "author"), joined(member(open_try, "keys")));
}

std::string history_table(const Json& commits, bool color) {
  std::vector<std::vector<std::string>> rows = {{"COMMIT", "TIME", "AUTHOR", "KEYS"}};
  for (const Json& commit : commits)
    rows.push_back(
        {text(commit, "commit"), text(commit, "time"), text(commit, "author"), joined(member(commit, "keys"))});
  return rows.size() == 1 ? "No commits.\n" : cli::table(rows, color);
}

std::string commit_text(const Json& commit, bool color) {
  std::string result = styled(std::format("commit {}", text(commit, "commit")), Style::bold, color) + "\n";
  for (const char* name : {"time", "author", "transaction"})
    result += std::format("{}: {}\n", name, text(commit, name));
  return result + "\n" + changes_text(member(commit, "changes"), color);
}

std::string audit_table(const Json& records, bool color) {
  std::vector<std::vector<std::string>> rows = {{"TIME", "AUTHOR", "ACTION", "RESULT", "KEYS", "MESSAGE"}};
  for (const Json& record : records) {
    rows.push_back({text(record, "time"), text(record, "author"), text(record, "action"), text(record, "result"),
                    text(record, "keys"), text(record, "message")});
  }
  return rows.size() == 1 ? "No records.\n" : cli::table(rows, color);
}

std::string status_text(const Json& status, bool color) {
  std::string result;
  const auto line = [&result](std::string_view name, const std::string& value) {
    if (!value.empty()) result += std::format("{:<13} {}\n", name, value);
  };
  const std::string state = text(status, "state");
  line("state", styled(state, style_of_state(state), color));
  result += problems(status);
  line("hostname", text(status, "hostname"));
  line("os", text(member(status, "os"), "pretty_name"));
  line("slot", text(status, "slot"));
  line("boot", text(status, "boot"));
  line("addresses", joined(member(status, "addresses")));
  line("commit", text(status, "commit"));
  if (const Json& open_try = member(status, "try"); open_try.is_object()) {
    line("try", std::format("{} s left, by {}: {}", text(open_try, "seconds_left"), text(open_try, "author"),
                            joined(member(open_try, "keys"))));
  }
  if (member(status, "locked_down") == true) line("locked down", styled("until the next boot", Style::yellow, color));
  line("relaxed",
       styled(joined(member(status, "relaxed")), Style::yellow, color && !member(status, "relaxed").empty()));
  line("failed units",
       styled(joined(member(status, "failed_units")), Style::red, color && !member(status, "failed_units").empty()));
  if (member(status, "transactions") != 0) line("transactions", text(status, "transactions"));
  return result;
}

std::string health_text(const Json& health, bool color) {
  const std::string state = text(health, "state");
  return styled(state, style_of_state(state), color) + "\n" + problems(health);
}

std::string user_data_table(const Json& user_data, bool color) {
  std::vector<std::vector<std::string>> rows = {{"SOURCE", "RESULT", "APPLIED AT", "DIGEST", "ERROR"}};
  for (const Json& source : member(user_data, "sources"))
    rows.push_back({text(source, "source"), text(source, "result"), text(source, "applied_at"),
                    text(source, "digest").substr(0, 12), text(source, "error")});
  return rows.size() == 1 ? "There was no user data.\n" : cli::table(rows, color);
}

std::string log_line(const Json& entry, bool color) {
  const Json& priority = member(entry, "priority");
  const int level = priority.is_number_integer() ? priority.get<int>() : 6;
  const Style style = level <= 3 ? Style::red : level == 4 ? Style::yellow : Style::plain;
  const std::string unit = text(entry, "unit");
  return std::format("{} {}{}\n", styled(text(entry, "time"), Style::dim, color), unit.empty() ? "" : unit + ": ",
                     styled(text(entry, "message"), style, color));
}

std::string event_line(std::string_view name, std::string_view data, bool color) {
  return std::format("{} {}\n", styled(printable(name), Style::bold, color), printable(data));
}

}  // namespace bulkhead::client
