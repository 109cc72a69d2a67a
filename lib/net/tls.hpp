// OpenSSL for a client: settings of the handshake, and what it says in our words. For the files of this folder.
#pragma once

#include <memory>
#include <string>

#include "lib/base/result.hpp"
#include "lib/net/endpoint.hpp"
#include "lib/net/openssl.hpp"

namespace bulkhead::net {

struct FreeContext {
  const Openssl* openssl;
  void operator()(SSL_CTX* context) const { openssl->SSL_CTX_free(context); }
};
using ContextHandle = std::unique_ptr<SSL_CTX, FreeContext>;

// TLS 1.3, the endpoint's trust and our certificate. Errors: invalid_argument for files, failed_precondition.
Result<ContextHandle> tls_context(const Openssl& openssl, const TlsEndpoint& endpoint);
// Whom the certificate must name, and the name for the server to choose one by.
Result<> expect_server(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint);
// After the handshake: the fingerprint, when one is pinned.
Result<> check_fingerprint(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint);
// Why the last operation failed; empties OpenSSL's queue of errors.
Error tls_error(const Openssl& openssl, SSL* tls, const std::string& peer);

}  // namespace bulkhead::net
