// Bulkhead's own settings of the node's management: the remote API and the health checks that gate a boot.
#pragma once

#include "lib/net/well_known.hpp"
#include "lib/settings/rules.hpp"

namespace bulkhead::settings {

template <>
inline constexpr auto kNames<Role> = std::array{"reader", "operator", "admin"};

struct ClientRole {
  std::optional<SubjectPattern> subject;
  std::optional<Role> role;

  static constexpr auto fields() {
    return std::tuple{
        Field{"subject",
              &ClientRole::subject,
              {.doc = "The common name of a client certificate, or its beginning followed by '*'.",
               .example = R"("ops-*")",
               .affects = "apiserver"}},
        Field{"role",
              &ClientRole::role,
              {.doc = "The role of this client.", .example = R"("reader")", .affects = "apiserver"}},
    };
  }
};

struct Api {
  std::optional<Certificates> client_ca;
  std::optional<IpAddress> listen_address;
  std::optional<Port> listen_port;
  std::optional<Certificates> certificate;
  std::optional<Base64> key;
  std::optional<std::vector<ClientRole>> roles;
  std::optional<std::vector<SerialNumber>> revoked;

  static constexpr auto fields() {
    return std::tuple{
        Field{"client-ca",
              &Api::client_ca,
              {.doc = "Certificates of those who issue client certificates, PEM in base64. Without it there is no "
                      "remote listener.",
               .example = R"("")",
               .affects = "apiserver firewall"}},
        Field{"listen-address",
              &Api::listen_address,
              {.doc = "The address that the remote listener listens on. An interface may get it later.",
               .example = R"("10.0.0.9")",
               .default_value = R"("::")",
               .affects = "apiserver"}},
        Field{"listen-port",
              &Api::listen_port,
              {.doc = "The TCP port of the remote listener.",
               .example = JsonNumber<net::kApiPort>::kText,
               .default_value = JsonNumber<net::kApiPort>::kText,
               .affects = "apiserver firewall"}},
        Field{"certificate",
              &Api::certificate,
              {.doc = "The node's certificate chain, in PEM, encoded in base64. If it is not set, the node makes a "
                      "self-signed certificate.",
               .example = R"("")",
               .affects = "apiserver"}},
        Field{"key",
              &Api::key,
              {.doc = "The private key of the certificate, in PEM, encoded in base64.",
               .example = R"("")",
               .affects = "apiserver",
               .secret = true}},
        Field{
            "roles",
            &Api::roles,
            {.doc = "The roles of clients. The first entry that matches decides; a client without an entry is refused.",
             .example = R"([{"subject": "ops-*", "role": "admin"}])",
             .affects = "apiserver"}},
        Field{"revoked",
              &Api::revoked,
              {.doc = "Serial numbers of revoked client certificates, in hexadecimal.",
               .example = R"(["0a1b2c"])",
               .affects = "apiserver"}},
    };
  }
};

struct HealthCheck {
  std::optional<Unit> unit;
  std::optional<HttpsUrl> url;
  std::optional<Duration> timeout;

  static constexpr auto fields() {
    return std::tuple{
        Field{"unit",
              &HealthCheck::unit,
              {.doc = "A unit that must be active.", .example = R"("containerd.service")", .affects = "health"}},
        Field{"url",
              &HealthCheck::url,
              {.doc = "A URL that must answer with a status below 400.",
               .example = R"("http://127.0.0.1:8080/healthz")",
               .affects = "health"}},
        Field{"timeout",
              &HealthCheck::timeout,
              {.doc = "How long to wait for the check.",
               .example = R"("2m")",
               .default_value = R"("1m")",
               .affects = "health"}},
    };
  }
};

struct Health {
  std::map<Identifier, HealthCheck> checks;

  static constexpr auto fields() {
    return std::tuple{
        Field{"checks", &Health::checks, {.doc = "Checks that must pass before a new version is kept."}},
    };
  }
};

}  // namespace bulkhead::settings
