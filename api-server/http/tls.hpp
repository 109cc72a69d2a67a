// The remote listener's TLS: version 1.3 only, with client certificates.
//
// A handshake without a valid certificate succeeds, so that the client can get an answer that says what is wrong (401).
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <string>
#include <string_view>

#include "lib/base/result.hpp"
#include "lib/crypto/secret_text.hpp"

namespace bulkhead::http {

// What a server needs besides its listening socket.
struct RemoteListener {
  std::string certificates;  // PEM: the node's own, then its issuers
  crypto::SecretText key;    // PEM
  std::string client_ca;     // PEM: the CAs of client certificates
};

// Checks PEM as server_context() does. Errors: invalid_argument, with the setting and its rule.
Result<> check_identity(const std::string& certificates, std::string_view key);
Result<> check_client_ca(const std::string& pem);

Result<boost::asio::ssl::context> server_context(const RemoteListener& listener);
}  // namespace bulkhead::http
