#include <nlohmann/json.hpp>

#include <chrono>

#include "lib/base/text.hpp"
#include "lib/cli/terminal.hpp"
#include "os-builder/outdated/outdated.hpp"

namespace bulkhead::outdated {

namespace {

std::string date_text(std::int64_t seconds) {
  return std::format("{:%Y-%m-%d %H:%M} UTC", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

std::string names_text(const NewerSource& newer) {
  if (newer.version == newer.newer) return "only rebuilt";
  const std::optional<AddedNames>& added = newer.added;
  if (!added) return "no changelog to read";
  std::string text;
  for (const std::string& name : added->cves) text += (text.empty() ? "" : " ") + name;
  if (text.empty()) text = "-";
  return added->complete ? text : text + " (the changelog does not go back further)";
}

std::string title(std::string_view text, bool color) { return cli::styled(text, cli::Style::bold, color) + "\n"; }

}  // namespace

std::string to_text(const Report& report, bool color) {
  std::string text = title("Suites", color);
  std::vector<std::vector<std::string>> rows = {{"SUITE", "AS OF"}};
  for (const packages::Release& release : report.releases) rows.push_back({release.suite, date_text(release.date)});
  text += cli::table(rows, color);

  text += "\n" + title(std::format("Newer versions (of {} packages)", report.packages), color);
  rows = {{"SOURCE", "VERSION", "SUITE", "NEWER", "SUITE", "ITS CHANGELOG ADDS"}};
  for (const NewerSource& newer : report.newer) {
    rows.push_back({newer.source, newer.version, newer.suite, newer.newer, newer.newer_suite, names_text(newer)});
  }
  text += report.newer.empty() ? "none\n" : cli::table(rows, color);

  if (!report.advisories_given) return text;
  text += "\n" + title("Advisories that apply", color);
  rows = {{"SOURCE", "VERSION", "SUITE", "ADVISORY", "FIXED IN"}};
  for (const OpenAdvisory& open : report.open) {
    // What the user's file says may be anything.
    rows.push_back({open.advisory.source, open.version, open.suite, printable(open.advisory.name),
                    open.advisory.fixed.empty() ? "no version yet" : printable(open.advisory.fixed)});
  }
  return text + (report.open.empty() ? "none\n" : cli::table(rows, color));
}

std::string to_json(const Report& report) {
  nlohmann::ordered_json json;
  json["schema"] = "bulkhead.outdated/1";
  json["suites"] = nlohmann::ordered_json::array();
  for (const packages::Release& release : report.releases)
    json["suites"].push_back({{"suite", release.suite}, {"debian", release.version}, {"date", release.date}});
  json["packages"] = report.packages;
  json["newer"] = nlohmann::ordered_json::array();
  for (const NewerSource& newer : report.newer) {
    nlohmann::ordered_json entry = {
        {"source", newer.source},
        {"packages", newer.packages},
        {"version", newer.version},
        {"suite", newer.suite},
        {"newer_version", newer.newer},
        {"newer_suite", newer.newer_suite},
        {"changelog", newer.added ? (newer.added->complete ? "read" : "cut off") : "missing"}};
    entry["cves"] = newer.added ? nlohmann::ordered_json(newer.added->cves) : nlohmann::ordered_json(nullptr);
    json["newer"].push_back(std::move(entry));
  }
  if (!report.advisories_given) return json.dump(2) + "\n";
  json["advisories"] = nlohmann::ordered_json::array();
  for (const OpenAdvisory& open : report.open) {
    json["advisories"].push_back(
        {{"source", open.advisory.source},
         {"version", open.version},
         {"suite", open.suite},
         {"name", open.advisory.name},
         {"fixed_version", open.advisory.fixed.empty() ? nlohmann::ordered_json(nullptr)
                                                       : nlohmann::ordered_json(open.advisory.fixed)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace bulkhead::outdated
