// Who may come in over TLS, and as what: settings.api as a listener of the server.
#pragma once

#include <optional>
#include <string>

#include "api-server/http/tls.hpp"
#include "lib/crypto/secret_text.hpp"
#include "lib/settings/settings.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::daemon {

// A certificate and its key, PEM.
struct Identity {
  std::string certificates;
  crypto::SecretText key;
};

// The node's own, self-signed: from `directory`, or made and kept there. Its name is `hostname`, for ten years from
// 1970-01-01 of the node's first boot: clients pin it by its fingerprint. Errors: those of files and OpenSSL.
Result<Identity> own_identity(const sys::Path& directory, const std::string& hostname);

// Nothing when settings.api names no client CA. Errors: invalid_argument for texts that are not base64.
Result<std::optional<http::RemoteListener>> remote_listener(const settings::Api& api, const Identity& own);

// Certificates and the key, as far as they are given: whether a listener could start with them. Errors:
// invalid_argument, with the setting and its rule.
Result<> check_access(const settings::Api& api);

// The peer behind a certificate: revoked ones, and those that no role is for, have none.
http::Peer who_is(const http::ClientCertificate& certificate, const settings::Api& api);

}  // namespace bulkhead::daemon
