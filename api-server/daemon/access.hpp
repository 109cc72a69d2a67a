// Access over TLS: settings.api as a listener of the server, and the role of each client.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "api-server/daemon/local_peer.hpp"
#include "api-server/http/client_certificate.hpp"
#include "api-server/http/message.hpp"
#include "api-server/http/tls.hpp"
#include "lib/crypto/secret_text.hpp"
#include "lib/settings/settings.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::daemon {

// A certificate and its key, PEM.
struct ServerCertificate {
  std::string certificates;
  crypto::SecretText key;
};

// The node's self-signed certificate: read from `directory`, or made and stored there. It names `hostname` and is valid
// from 1970 until ten years after the node's first boot: clients pin its fingerprint. Errors: those of files and
// OpenSSL.
Result<ServerCertificate> own_certificate(const sys::Path& directory, const std::string& hostname);

// What settings.api asks for.
struct RemoteAccess {
  std::string address;  // "::", "10.0.0.9"
  std::uint16_t port = 0;
  http::RemoteListener listener;
};

// Empty when settings.api has no client CA. Errors: invalid_argument for texts that are not base64.
Result<std::optional<RemoteAccess>> remote_access(const settings::Api& api, const ServerCertificate& own);

// Checks whether a listener could start with the certificates and the key that are set. Errors: invalid_argument, with
// the setting and its rule.
Result<> check_access(const settings::Api& api);

// Accounts of the node that count on the Unix socket, as far as this machine has them.
struct Accounts {
  std::optional<uid_t> imds{};   // user bulkhead-imds
  std::optional<gid_t> api{};    // group api
  std::optional<uid_t> front{};  // user bulkhead-front
};
Accounts find_accounts();

// Root, and whoever the server runs as, are admins. Members of the group api are readers. bulkhead-imds may only say
// that there is user data. Nobody else has a role.
http::Peer who_is_local(const LocalPeer& peer, const Accounts& accounts);

// Whoever comes over the socket for containers, whatever its user: a reader, and known as a container. User and process
// are those that the node sees.
http::Peer who_is_container(const LocalPeer& peer);

// The peer of a certificate. A certificate that is revoked or has expired, and one without an entry in
// settings.api.roles, has no role.
http::Peer who_is(const http::ClientCertificate& certificate, const settings::Api& api,
                  std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace bulkhead::daemon
