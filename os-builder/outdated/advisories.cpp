#include "os-builder/outdated/advisories.hpp"

#include <algorithm>

#include "lib/codec/json.hpp"

namespace bulkhead::outdated {

namespace {

using nlohmann::json;

std::unexpected<Error> refuse(const std::string& file, std::string_view what) {
  return fail(error(ErrorCode::invalid_argument, "{}: {}", file, what)
                  .with_hint("give the JSON of Debian's security tracker, or OSV records of the ecosystem Debian"));
}

// A member that is a string; empty when there is none.
std::string text_of(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return {};
  return member->get<std::string>();
}

// {"containerd": {"CVE-2026-0001": {"releases": {"trixie": {"status": "open" | "resolved" | "undetermined",
// "fixed_version": "1.2-3"}}}}}. A fixed version of "0" says that no version of the release was affected.
Result<> read_tracker_entry(const std::string& source, const std::string& name, const json& entry,
                            const std::string& file, std::vector<Advisory>& advisories) {
  const auto releases = entry.is_object() ? entry.find("releases") : entry.end();
  if (!entry.is_object() || releases == entry.end() || !releases->is_object())
    return refuse(file, std::format("'{}' of '{}' has no table 'releases'", name, source));
  for (const auto& [codename, release] : releases->items()) {
    if (!release.is_object() || text_of(release, "status").empty())
      return refuse(file, std::format("'{}' of '{}' has no status for {}", name, source, codename));
    std::string fixed = text_of(release, "fixed_version");
    if (text_of(release, "status") == "resolved" && (fixed.empty() || fixed == "0")) continue;
    advisories.push_back({.name = name,
                          .source = source,
                          .distribution = codename,
                          .introduced = {},
                          .fixed = std::move(fixed),
                          .by_codename = true});
  }
  return {};
}

Result<std::vector<Advisory>> read_tracker(const json& document, const std::string& file) {
  std::vector<Advisory> advisories;
  for (const auto& [source, entries] : document.items()) {
    if (!entries.is_object()) return refuse(file, std::format("'{}' is not a table of advisories", source));
    for (const auto& [name, entry] : entries.items()) TRY(read_tracker_entry(source, name, entry, file, advisories));
  }
  return advisories;
}

// A record's CVE name, if it has one under any name.
std::string name_of_record(const json& record) {
  std::string own = text_of(record, "id");
  if (own.starts_with("CVE-")) return own;
  for (const char* list : {"aliases", "upstream"}) {
    const auto names = record.find(list);
    if (names == record.end() || !names->is_array()) continue;
    for (const json& name : *names) {
      if (name.is_string() && name.get_ref<const std::string&>().starts_with("CVE-")) return name.get<std::string>();
    }
  }
  return own;
}

// Events are in the order of versions: "introduced" opens a range, "fixed" closes it.
Result<> read_range(const json& range, Advisory advisory, const std::string& file, std::vector<Advisory>& advisories) {
  const auto events = range.is_object() ? range.find("events") : range.end();
  if (!range.is_object() || events == range.end() || !events->is_array())
    return refuse(file, std::format("{}: a range has no list 'events'", advisory.name));
  if (text_of(range, "type") != "ECOSYSTEM") return {};  // commits of a repository
  bool open = false;
  for (const json& event : *events) {
    if (!event.is_object()) return refuse(file, std::format("{}: an event is not a table", advisory.name));
    if (const std::string introduced = text_of(event, "introduced"); !introduced.empty()) {
      advisory.introduced = introduced == "0" ? "" : introduced;
      open = true;
    }
    if (const std::string fixed = text_of(event, "fixed"); !fixed.empty() && open) {
      advisory.fixed = fixed;
      advisories.push_back(advisory);
      advisory.fixed.clear();
      open = false;
    }
  }
  if (open) advisories.push_back(std::move(advisory));
  return {};
}

Result<> read_record(const json& record, const std::string& file, std::vector<Advisory>& advisories) {
  if (!record.is_object() || text_of(record, "id").empty()) return refuse(file, "a record has no 'id'");
  Advisory advisory;
  advisory.name = name_of_record(record);
  const auto affected = record.find("affected");
  if (affected == record.end()) return {};  // withdrawn
  if (!affected->is_array()) return refuse(file, std::format("{}: 'affected' is not a list", advisory.name));
  for (const json& entry : *affected) {
    const auto package = entry.is_object() ? entry.find("package") : entry.end();
    if (!entry.is_object() || package == entry.end() || !package->is_object())
      return refuse(file, std::format("{}: an affected package has no 'package'", advisory.name));
    const std::string ecosystem = text_of(*package, "ecosystem");
    if (ecosystem != "Debian" && !ecosystem.starts_with("Debian:")) continue;
    advisory.distribution = ecosystem.substr(std::min(ecosystem.size(), std::string_view("Debian:").size()));
    advisory.source = text_of(*package, "name");
    const auto ranges = entry.find("ranges");
    if (ranges == entry.end()) continue;
    if (!ranges->is_array()) return refuse(file, std::format("{}: 'ranges' is not a list", advisory.name));
    for (const json& range : *ranges) TRY(read_range(range, advisory, file, advisories));
  }
  return {};
}

}  // namespace

Result<std::vector<Advisory>> parse_advisories(std::string_view text, const std::string& file) {
  if (text.size() > kMaxAdvisories)
    return fail(ErrorCode::invalid_argument, "{}: larger than {} bytes", file, kMaxAdvisories);
  const json document = TRY(codec::parse_json(text, file));
  std::vector<Advisory> advisories;
  if (document.is_array() || (document.is_object() && document.contains("vulns"))) {
    const json& records = document.is_array() ? document : document.at("vulns");
    if (!records.is_array()) return refuse(file, "'vulns' is not a list");
    for (const json& record : records) TRY(read_record(record, file, advisories));
    return advisories;
  }
  if (!document.is_object()) return refuse(file, "not a list and not a table");
  if (!text_of(document, "id").empty()) {
    TRY(read_record(document, file, advisories));
    return advisories;
  }
  return read_tracker(document, file);
}

bool applies(const Advisory& advisory, const packages::Package& package,
             const std::vector<packages::Release>& releases) {
  if (advisory.source != package.source) return false;
  if (!advisory.introduced.empty() && packages::compare_versions(package.source_version, advisory.introduced) < 0)
    return false;
  if (!advisory.fixed.empty() && packages::compare_versions(package.source_version, advisory.fixed) >= 0) return false;
  // "trixie" of "trixie-security", "13" of "13.2".
  if (advisory.by_codename) return package.suite.substr(0, package.suite.find('-')) == advisory.distribution;
  const auto release = std::ranges::find(releases, package.suite, &packages::Release::suite);
  if (release == releases.end()) return false;
  return release->version.substr(0, release->version.find('.')) == advisory.distribution;
}

}  // namespace bulkhead::outdated
