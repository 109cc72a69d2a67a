// Nodes that can be reached over the network, by name: $XDG_CONFIG_HOME/bulkhead/profiles.toml.
//
//   [web1]
//   host = "10.0.0.9"
//   port = 8443
//   ca = "/home/me/ca.pem"                # or fingerprint = "<SHA-256 of the node's certificate>"
//   certificate = "/home/me/me.pem"
//   key = "/home/me/me.key"
//
// The file holds paths, never a key itself.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/net/endpoint.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::client {

using Profiles = std::map<std::string, net::TlsEndpoint, std::less<>>;

// Errors: invalid_argument with file, line and column.
Result<Profiles> parse_profiles(std::string_view text, const std::string& file);
std::string to_toml(const Profiles& profiles);

// A profile's name: letters, digits, '.', '_' and '-', at most 64.
Result<> check_name(std::string_view name);
// 64 hex digits, in the ways that tools print them: "sha256:…", "AA:BB:…".
Result<Sha256> parse_fingerprint(std::string_view text);

// A profile's name, the host of one, or any host, with or without a port. A host without a profile is trusted when its
// certificate is signed by the machine's CA bundle.
Result<net::TlsEndpoint> find_node(const Profiles& profiles, std::string_view name);

// What to do about a name that is no profile.
std::string hint_for_unknown(const Profiles& profiles, std::string_view name);

// $XDG_CONFIG_HOME, or ~/.config. Errors: failed_precondition when neither is known.
Result<sys::Path> profiles_file();
// Empty when there is no file.
Result<Profiles> load_profiles(const sys::Path& file);
// Mode 0600; the directory is made.
Result<> save_profiles(const sys::Path& file, const Profiles& profiles);

}  // namespace bulkhead::client
