// Where names and the time come from.
#include "api-server/render/template.hpp"
#include "api-server/render/views.hpp"
#include "lib/base/text.hpp"

namespace bulkhead::render {
namespace {

// timesyncd wants a name or an address; the setting may also be a URL, or have a port, which timesyncd cannot have.
std::string host_of(std::string_view server) {
  if (const auto scheme = server.find("://"); scheme != std::string_view::npos) server.remove_prefix(scheme + 3);
  if (server.ends_with('/')) server.remove_suffix(1);
  if (server.starts_with('[')) return std::string(server.substr(1, server.find(']') - 1));
  const bool one_colon = split(server, ':').size() == 2;
  return std::string(one_colon ? server.substr(0, server.find(':')) : server);
}

template <class T>
std::vector<std::string> texts(const std::optional<std::vector<T>>& values) {
  std::vector<std::string> result;
  if (!values) return result;
  for (const T& value : *values) result.push_back(value.text);
  return result;
}

}  // namespace

Files time_files(const settings::Settings& settings, const Facts& /*facts*/) {
  std::vector<File> files;
  if (settings.dns.name_servers || settings.dns.search_list) {
    View view;
    view["servers"] = list_of(texts(settings.dns.name_servers));
    view["domains"] = list_of(texts(settings.dns.search_list));
    std::string content = TRY_CTX(fill("resolved", view, Format::line), "dns");
    files.push_back({.path = "/etc/systemd/resolved.conf.d/60-settings.conf",
                     .content = std::move(content),
                     .service = "resolved"});
  }
  if (settings.ntp.time_servers) {
    std::vector<std::string> servers;
    for (const settings::Server& server : *settings.ntp.time_servers) servers.push_back(host_of(server.text));
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
