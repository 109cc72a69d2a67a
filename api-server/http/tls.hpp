// The remote listener's TLS: version 1.3 only, with client certificates.
//
// A handshake without a valid certificate succeeds, so that its maker can be told what is wrong (401); what he may do
// then is decided by who_is().
#pragma once

#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <functional>
#include <string>

#include "api-server/http/message.hpp"
#include "lib/crypto/secret_text.hpp"

namespace bulkhead::http {

// What is known of a client's certificate after the handshake.
struct ClientCertificate {
  bool present = false;
  std::string verify_error; // why it is not valid: "certificate has expired"; empty: it is
  std::string common_name;  // of the subject
  std::string serial;       // lower-case hex digits, an even number
};

struct RemoteListener {
  std::string address;  // "::", "10.0.0.9"
  std::uint16_t port = 0;
  std::string certificates;  // PEM: the node's own, then those above it
  crypto::SecretText key;    // PEM
  std::string client_ca;     // PEM: who may issue client certificates
  std::function<Peer(const ClientCertificate&)> who_is;
};

// What server_context() would not take, in PEM. Errors: invalid_argument, with the setting and its rule.
Result<> check_identity(const std::string& certificates, std::string_view key);
Result<> check_client_ca(const std::string& pem);

Result<boost::asio::ssl::context> server_context(const RemoteListener& listener);
// `ssl` is of a connection whose handshake is over.
ClientCertificate client_certificate(SSL* ssl);

}  // namespace bulkhead::http
