// /etc/hostname, /etc/hosts, /etc/motd.
#include <algorithm>
#include <map>
#include <optional>

#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

struct Entry {
  std::string address;
  std::vector<std::string> names;
};

Result<std::vector<Entry>> fixed_entries(const settings::Network& network) {
  std::vector<Entry> entries;
  if (!network.hosts) return entries;
  for (const auto& line : *network.hosts) {
    const auto* const address = line.size() == 2 ? std::get_if<settings::IpAddress>(&line.front()) : nullptr;
    const auto* const names = line.size() == 2 ? std::get_if<std::vector<settings::HostName>>(&line.back()) : nullptr;
    if (address == nullptr || names == nullptr || names->empty())
      return fail(ErrorCode::invalid_argument, "network.hosts: each entry must be an address and a list of names");
    Entry entry{.address = address->value().to_string(), .names = {}};
    for (const settings::HostName& name : *names) entry.names.push_back(name.to_string());
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool is_taken(const std::vector<Entry>& entries, const std::string& name) {
  return std::ranges::any_of(entries, [&](const Entry& entry) { return std::ranges::contains(entry.names, name); });
}

// Nothing when nobody knows it.
std::optional<settings::value::HostName> own_name(const settings::Settings& settings, const Facts& facts) {
  if (settings.network.hostname) return settings.network.hostname->value();
  // A fact comes from DHCP or a cloud, and is not trusted.
  if (const auto name = settings::NodeName::parse(facts.hostname)) return name->value();
  return std::nullopt;
}

// The node's own names, the full one first. A name with an address from an operator keeps only that address.
std::string own_names(const settings::value::HostName& hostname, const std::vector<Entry>& entries) {
  std::vector<std::string> names{hostname.to_string()};
  if (hostname.has_domain()) names.emplace_back(hostname.first_label());
  std::string text;
  for (const std::string& name : names) {
    if (name != "localhost" && !is_taken(entries, name)) text += ' ' + name;
  }
  return text;
}

Result<std::string> hosts_file(const settings::Settings& settings, const Facts& facts) {
  const auto entries = TRY(fixed_entries(settings.network));
  View view;
  const auto name = own_name(settings, facts);
  const std::string own = name ? own_names(*name, entries) : "";
  if (!own.empty()) view["own"] = View(own);
  View list(View::type::list);
  for (const Entry& entry : entries) {
    View row;
    row["address"] = View(entry.address);
    row["names"] = list_of(entry.names);
    list << row;
  }
  view["entries"] = std::move(list);
  return fill("hosts", view, Format::line);
}

}  // namespace

std::string hostname(const settings::Settings& settings, const Facts& facts) {
  const auto name = own_name(settings, facts);
  return name ? name->to_string() : "localhost";
}

Files name_files(const settings::Settings& settings, const Facts& facts) {
  View view;
  view["hostname"] = View(hostname(settings, facts));
  std::vector<File> files;
  std::string hostname = TRY_CTX(fill("hostname", view, Format::line), "network.hostname");
  files.push_back({.path = "/etc/hostname", .content = std::move(hostname), .service = "hostname"});
  std::string hosts = TRY_CTX(hosts_file(settings, facts), "network.hosts");
  files.push_back({.path = "/etc/hosts", .content = std::move(hosts), .service = "hosts"});
  // Free text by design: only people read it.
  std::string motd = settings.motd ? settings.motd->text : "";
  if (!motd.empty() && !motd.ends_with('\n')) motd += '\n';
  files.push_back({.path = "/etc/motd", .content = std::move(motd), .service = "motd"});
  return files;
}

}  // namespace bulkhead::render
