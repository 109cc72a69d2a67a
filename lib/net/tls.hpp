// OpenSSL for a client: the settings of a handshake, and its errors as ours. For the files of this folder.
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
// The host that the certificate must name, also sent so that the server can choose a certificate.
Result<> expect_server(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint);
// After the handshake: checks the fingerprint, when one is pinned.
Result<> check_fingerprint(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint);
// Why the last operation failed; empties OpenSSL's queue of errors.
Error tls_error(const Openssl& openssl, SSL* tls, const std::string& peer);

}  // namespace bulkhead::net
