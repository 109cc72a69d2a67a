// The table of services and files, as a page for people.
#include <algorithm>
#include <map>

#include "api-server/render/render.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::render {
namespace {

constexpr std::string_view kHead =
    R"(# Configuration files

Every file that the API server makes from settings, and the services that are notified when one changes. Generated from
the tables in `api-server/render/services.cpp` and the declarations in `lib/settings/groups`; a test with
`BULKHEAD_ACCEPT=1` writes it anew.

All files are below `/etc`, a tmpfs that is filled anew at each boot: nothing written there by hand stays, and nothing
has to be repaired there. The API server may write to `/etc/bulkhead` only: there lies each of these files, `/etc/hosts` as
`/etc/bulkhead/hosts`, and links of the image lead readers to it. They are rendered before the network comes up and at each commit. The same settings give
the same bytes, so an unchanged file is not written and its service is not notified.

A value that would break out of its line is refused, and the commit with it. Secret values are in files of mode 0600.

## Services

In the order in which they are notified. A unit that does not run is not started, except where the table says "start".

| service | what | unit | on a change |
|---|---|---|---|
)";

constexpr std::string_view kFilesHead = R"(
## Files

| file | service | there |
|---|---|---|
)";

constexpr std::string_view kSettingsHead = R"(
## Settings

| service | is notified of changes to |
|---|---|
)";

constexpr std::string_view kTail = R"(
Not listed: the files of services that have no unit yet.
)";

std::string reaction(const Service& service) {
  switch (service.action) {
    case Action::none: return "";
    case Action::reload: return "reload";
    case Action::restart: return service.start ? "restart or start" : "restart";
    case Action::hostname: return "`/proc/sys/kernel/hostname`";
    case Action::lockdown: return "`/sys/kernel/security/lockdown`";
    case Action::smt: return "`/sys/devices/system/cpu/smt/control`";
  }
  return "";
}

std::string code(std::string_view text) { return text.empty() ? "" : std::format("`{}`", text); }

// The settings of which a service is notified, each as its first two segments; a whole group if there are many.
std::string keys_of(std::string_view service) {
  constexpr std::size_t kMany = 8;
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const settings::Entry& entry : settings::entries(settings::Settings::shape())) {
    if (!std::ranges::contains(split(entry.about.affects, ' '), service)) continue;
    const auto parts = split(entry.key, '.');
    const std::string group(parts.front());
    std::string key = parts.size() > 1 ? std::format("{}.{}", parts[0], parts[1]) : group;
    if (key.ends_with("[]")) key.resize(key.size() - 2);
    if (groups.empty() || groups.back().first != group) groups.emplace_back(group, std::vector<std::string>());
    auto& keys = groups.back().second;
    if (!std::ranges::contains(keys, key)) keys.push_back(key);
  }
  std::string text;
  for (const auto& [group, keys] : groups) {
    for (const std::string& key : keys.size() > kMany ? std::vector{group + ".*"} : keys)
      text += (text.empty() ? "" : ", ") + code(key);
  }
  return text;
}

}  // namespace

std::string reference_page() {
  std::string page(kHead);
  for (const Service& service : services())
    page += std::format("| {} | {} | {} | {} |\n", service.name, service.doc, code(service.unit), reaction(service));
  page += kFilesHead;
  for (const FileFamily& file : permanent_files()) {
    page += std::format("| `{}/{}` | {} | always{}{} |\n", file.directory, file.pattern, file.service,
                        file.doc.empty() ? "" : "; ", file.doc);
  }
  for (const FileFamily& file : families())
    page += std::format("| `{}/{}` | {} | {} |\n", file.directory, file.pattern, file.service, file.doc);
  page += kSettingsHead;
  for (const Service& service : services()) page += std::format("| {} | {} |\n", service.name, keys_of(service.name));
  page += kTail;
  return page;
}

}  // namespace bulkhead::render
