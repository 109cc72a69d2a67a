#include "api-client/profiles.hpp"

#include <stdlib.h>

#include <algorithm>
#include <format>

#include "lib/base/text.hpp"
#include "lib/codec/toml.hpp"
#include "lib/net/uri.hpp"
#include "lib/net/well_known.hpp"

namespace bulkhead::client {
namespace {

namespace toml = codec::toml;

constexpr std::size_t kLongestName = 64;

std::string variable(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv()
  return value == nullptr ? std::string() : value;
}

Result<> read_entry(std::string_view key, const toml::Node& node, const std::string& file, net::TlsEndpoint& into) {
  if (key == "port") {
    const std::int64_t* port = node.integer();
    if (port == nullptr || *port < 1 || *port > 65535)
      return fail(toml::error_at(file, node.position, "port must be a number from 1 to 65535"));
    into.port = static_cast<std::uint16_t>(*port);
    return {};
  }
  const std::string* text = node.string();
  if (text == nullptr) return fail(toml::error_at(file, node.position, "{} must be a string", key));
  if (key == "host") {
    into.host = *text;
  } else if (key == "ca") {
    into.ca_file = *text;
  } else if (key == "certificate") {
    into.certificate_file = *text;
  } else if (key == "key") {
    into.key_file = *text;
  } else if (key == "fingerprint") {
    const auto fingerprint = parse_fingerprint(*text);
    if (!fingerprint) return fail(toml::error_at(file, node.position, "{}", fingerprint.error().message));
    into.fingerprint = *fingerprint;
  } else {
    return fail(toml::error_at(file, node.key_position, "unknown key '{}'", key));
  }
  return {};
}

}  // namespace

Result<Profiles> parse_profiles(std::string_view text, const std::string& file) {
  Profiles profiles;
  const toml::Table document = TRY(toml::parse(text, file));
  for (const auto& [name, node] : document) {
    if (!check_name(name) || node.table() == nullptr)
      return fail(toml::error_at(file, node.key_position, "expected a table for each profile, not '{}'", name));
    net::TlsEndpoint endpoint{.host = {}, .port = net::kApiPort};
    for (const auto& [key, value] : *node.table()) TRY(read_entry(key, value, file, endpoint));
    if (endpoint.host.empty()) return fail(toml::error_at(file, node.key_position, "profile '{}' needs a host", name));
    if (endpoint.certificate_file.empty() != endpoint.key_file.empty())
      return fail(
          toml::error_at(file, node.key_position, "profile '{}' needs both certificate and key, or neither", name));
    profiles.emplace(name, std::move(endpoint));
  }
  return profiles;
}

std::string to_toml(const Profiles& profiles) {
  std::string text;
  for (const auto& [name, endpoint] : profiles) {
    const auto line = [&text](std::string_view key, const std::string& value) {
      if (!value.empty()) text += std::format("{} = {}\n", key, toml::quote(value));
    };
    text += std::format("{}[{}]\n", text.empty() ? "" : "\n", toml::quote(name));
    line("host", endpoint.host);
    text += std::format("port = {}\n", endpoint.port);
    line("ca", endpoint.ca_file);
    if (endpoint.fingerprint) line("fingerprint", endpoint.fingerprint->to_string());
    line("certificate", endpoint.certificate_file);
    line("key", endpoint.key_file);
  }
  return text;
}

Result<> check_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (name.empty() || name.size() > kLongestName || name.front() == '-' || !std::ranges::all_of(name, allowed))
    return fail(ErrorCode::invalid_argument,
                "'{}' is not a name for a profile: use letters, digits, '.', '_' and '-', at most {}", name,
                kLongestName);
  return {};
}

Result<Sha256> parse_fingerprint(std::string_view text) {
  std::string digits(text.starts_with("sha256:") ? text.substr(7) : text);
  std::erase(digits, ':');
  auto digest = Sha256::parse(digits);
  if (!digest)
    return fail(ErrorCode::invalid_argument, "'{}' is not a SHA-256 fingerprint: it has 64 hex digits", text);
  return digest;
}

Result<net::TlsEndpoint> find_node(const Profiles& profiles, std::string_view name) {
  if (const auto found = profiles.find(name); found != profiles.end()) return found->second;
  auto [host, port] = TRY(net::parse_host_port(name, net::kApiPort));
  const auto same = std::ranges::find_if(
      profiles, [&](const auto& entry) { return entry.second.host == host && entry.second.port == port; });
  if (same != profiles.end()) return same->second;
  return net::TlsEndpoint{.host = std::move(host), .port = port};
}

std::string hint_for_unknown(const Profiles& profiles, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [known, unused] : profiles) names.push_back(known);
  const std::string near = nearest(name, names);
  return near.empty() ? "list the profiles: apiclient profile list" : std::format("did you mean '{}'?", near);
}

Result<sys::Path> profiles_file() {
  const std::string config = variable("XDG_CONFIG_HOME");
  if (config.starts_with('/')) return sys::Path(config) / "bulkhead/profiles.toml";
  const std::string home = variable("HOME");
  if (!home.starts_with('/'))
    return fail(ErrorCode::failed_precondition, "cannot find the profiles: set HOME or XDG_CONFIG_HOME");
  return sys::Path(home) / ".config/bulkhead/profiles.toml";
}

Result<Profiles> load_profiles(const sys::Path& file) {
  const auto text = sys::read_file(file);
  if (!text && text.error().code == ErrorCode::not_found) return Profiles{};
  if (!text) return fail(text.error());
  return parse_profiles(*text, file.native());
}

Result<> save_profiles(const sys::Path& file, const Profiles& profiles) {
  TRY(sys::create_directories(file.parent_path()));
  return sys::write_file_atomically(file, to_toml(profiles), 0600);
}

}  // namespace bulkhead::client
