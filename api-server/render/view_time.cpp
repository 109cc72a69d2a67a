// Name servers and time servers.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"

namespace bulkhead::render {
namespace {

std::vector<std::string> name_servers(const settings::Dns& dns) {
  std::vector<std::string> result;
  for (const auto& server : dns.name_servers.value_or(std::vector<settings::IpAddress>()))
    result.push_back(server.value().to_string());
  return result;
}

std::vector<std::string> domains(const settings::Dns& dns) {
  std::vector<std::string> result;
  for (const auto& domain : dns.search_list.value_or(std::vector<settings::HostName>()))
    result.push_back(domain.to_string());
  return result;
}

}  // namespace

Files time_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  if (settings.dns.name_servers || settings.dns.search_list) {
    View view;
    view["servers"] = list_of(name_servers(settings.dns));
    view["domains"] = list_of(domains(settings.dns));
    std::string content = TRY_CTX(fill("resolved", view, Format::line), "dns");
    files.push_back({.path = "/etc/systemd/resolved.conf.d/60-settings.conf",
                     .content = std::move(content),
                     .service = "resolved"});
  }
  if (settings.ntp.time_servers) {
    // timesyncd wants a name or an address; another port than its own was refused (conflicts_between()).
    std::vector<std::string> servers;
    for (const settings::Server& server : *settings.ntp.time_servers) servers.push_back(server.value().host);
    View view;
    view["servers"] = list_of(servers);
    std::string content = TRY_CTX(fill("timesyncd", view, Format::line), "ntp.time-servers");
    files.push_back({.path = "/etc/systemd/timesyncd.conf.d/60-settings.conf",
                     .content = std::move(content),
                     .service = "timesyncd"});
  }
  return files;
}

}  // namespace bulkhead::render
