// What a client's certificate says, and whether it is good.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::http {

struct ClientCertificate {
  bool present = false;
  std::string verify_error;  // why it is not valid: "certificate has expired"; empty: it is
  std::string common_name;   // of the subject
  std::string serial;        // lower-case hex digits, an even number
  std::chrono::sys_seconds not_after{};
};

// A client's certificate and the chain that came with it, DER, its own first.
struct ShownCertificate {
  ClientCertificate certificate{};
  std::vector<std::string> chain{};
};

// The CAs of client certificates.
using TrustStore = std::shared_ptr<X509_STORE>;
// Errors: invalid_argument for a text that is not certificates in PEM.
Result<TrustStore> trust_store(const std::string& pem);

// Bytes and certificates of a chain that are looked at; a larger one has a verify_error.
inline constexpr std::size_t kLargestChain = 64U << 10U;
inline constexpr std::size_t kMostCertificates = 10;

// The certificates of a chain as a client has shown them: the first one, verified by the others against `trusted`. An
// empty chain is no certificate.
ClientCertificate check_chain(const std::vector<std::string>& chain, X509_STORE* trusted);
// `ssl` belongs to a connection whose handshake is complete. Verified against the CAs that `context` trusts.
ShownCertificate shown_certificate(SSL* ssl, SSL_CTX* context);

}  // namespace bulkhead::http
