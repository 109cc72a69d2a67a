// The remote listener's TLS: version 1.3 only, with client certificates.
//
// A handshake without a valid certificate succeeds, so that the client can get an answer that says what is wrong (401).
// who_is() decides what the client may do.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "api-server/http/message.hpp"
#include "lib/crypto/secret_text.hpp"

namespace bulkhead::http {

// What is known of a client's certificate after the handshake.
struct ClientCertificate {
  bool present = false;
  std::string verify_error;  // why it is not valid: "certificate has expired"; empty: it is
  std::string common_name;   // of the subject
  std::string serial;        // lower-case hex digits, an even number
  std::chrono::sys_seconds not_after{};
};

struct RemoteListener {
  std::string address;  // "::", "10.0.0.9"
  std::uint16_t port = 0;
  std::string certificates;  // PEM: the node's own, then its issuers
  crypto::SecretText key;    // PEM
  std::string client_ca;     // PEM: the CAs of client certificates
  std::function<Peer(const ClientCertificate&)> who_is;
};

// Checks PEM as server_context() does. Errors: invalid_argument, with the setting and its rule.
Result<> check_identity(const std::string& certificates, std::string_view key);
Result<> check_client_ca(const std::string& pem);

Result<boost::asio::ssl::context> server_context(const RemoteListener& listener);
// `ssl` belongs to a connection whose handshake is complete. Verified against the CAs that `context` trusts now, which
// need not be those of the handshake.
ClientCertificate client_certificate(SSL* ssl, SSL_CTX* context);

}  // namespace bulkhead::http
