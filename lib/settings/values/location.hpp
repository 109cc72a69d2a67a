// Values of settings that name a service: ports, servers, URLs, registries, host names. Immutable.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::settings::value {

enum class Protocol { tcp, udp };
std::string_view to_string(Protocol protocol);

// One port or several in a row, of one protocol: "22/tcp", "30000-32767/udp".
class PortRange {
 public:
  // Ports from 1 to 65535 without leading zeros, the last one not below the first. Errors: invalid_argument.
  static Result<PortRange> parse(std::string_view text);
  std::string to_string() const;

  std::uint16_t first() const { return first_; }
  std::uint16_t last() const { return last_; }
  Protocol protocol() const { return protocol_; }
  // "22", "30000-32767"
  std::string ports() const;

  auto operator<=>(const PortRange&) const = default;

 private:
  std::uint16_t first_ = 1;
  std::uint16_t last_ = 1;
  Protocol protocol_ = Protocol::tcp;
};

// "db.example.com": RFC 1123, section 2.1, in lower case.
class HostName {
 public:
  // Errors: invalid_argument.
  static Result<HostName> parse(std::string_view text);
  const std::string& to_string() const { return text_; }

  // "db" of "db.example.com".
  std::string_view first_label() const { return std::string_view(text_).substr(0, text_.find('.')); }
  bool has_domain() const { return text_.contains('.'); }

  auto operator<=>(const HostName&) const = default;

 private:
  std::string text_;
};

// A registry of images, "docker.io" or "registry.example.com:5000", or every registry: "*".
class Registry {
 public:
  // Errors: invalid_argument.
  static Result<Registry> parse(std::string_view text);
  // host[:port], which is safe as the name of a folder; "*" for every registry.
  const std::string& to_string() const { return text_; }
  bool is_every() const { return text_ == "*"; }

  auto operator<=>(const Registry&) const = default;

 private:
  std::string text_;
};

// A host with what operators put around it: "time.example.com", "[fd00::1]:123", "https://time.example.com/".
struct Server {
  std::string host;  // a name, or an address without brackets
  std::optional<std::uint16_t> port;

  static Result<Server> parse(std::string_view text);

  auto operator<=>(const Server&) const = default;
};

// "scheme://user@host:port/path?query#fragment"; scheme, user, port and what follows the host may be missing. Keeps its
// text, because programs may treat two forms of one URL differently.
class Url {
 public:
  // Errors: invalid_argument for a URL without a host, with white space, or with a port that is none.
  static Result<Url> parse(std::string_view text);
  const std::string& to_string() const { return text_; }

  const std::string& scheme() const { return scheme_; }  // as written; empty: none
  const std::string& host() const { return host_; }      // without brackets
  std::optional<std::uint16_t> port() const { return port_; }
  // A path beyond "/".
  bool has_path() const { return path_.size() > 1; }
  // Whether it may contain a password. An '@' anywhere counts, because a password may contain a '/'.
  bool may_have_password() const { return text_.contains('@'); }

  auto operator<=>(const Url&) const = default;

 private:
  std::string text_;
  std::string scheme_;
  std::string host_;
  std::optional<std::uint16_t> port_;
  std::string path_;  // without query and fragment
};

}  // namespace bulkhead::settings::value
