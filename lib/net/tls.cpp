#include "lib/net/tls.hpp"

#include <format>

#include "lib/net/uri.hpp"

namespace bulkhead::net {
namespace {

constexpr const char* kSystemBundle = "/etc/ssl/certs/ca-certificates.crt";

std::string openssl_reason(const Openssl& openssl) {
  const unsigned long last = openssl.ERR_peek_last_error();
  const char* text = openssl.ERR_reason_error_string(last);
  openssl.ERR_clear_error();
  return text == nullptr ? "no reason given" : text;
}

// Alerts by which a server refuses our certificate or its absence (RFC 8446, 6.2). With TLS 1.3 they arrive after our
// part of the handshake.
bool refuses_certificate(int reason) {
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return true;
    default: return false;
  }
}

}  // namespace

Result<ContextHandle> tls_context(const Openssl& openssl, const TlsEndpoint& endpoint) {
  ContextHandle context(openssl.SSL_CTX_new(openssl.TLS_client_method()), FreeContext{&openssl});
  if (!context) return fail(ErrorCode::internal, "preparing TLS: {}", openssl_reason(openssl));
  openssl.SSL_CTX_ctrl(context.get(), SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_3_VERSION, nullptr);
  // The answer itself says where it ends, so a server may close without notice afterwards.
  openssl.SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (!endpoint.ca_file.empty()) {
    if (openssl.SSL_CTX_load_verify_file(context.get(), endpoint.ca_file.c_str()) != 1)
      return fail(ErrorCode::invalid_argument, "{} does not contain a CA certificate: {}", endpoint.ca_file,
                  openssl_reason(openssl));
  } else if (!endpoint.fingerprint) {
    if (openssl.SSL_CTX_load_verify_file(context.get(), kSystemBundle) != 1)
      return fail(ErrorCode::failed_precondition, "{}: {}", kSystemBundle, openssl_reason(openssl));
  }
  const bool verify = !endpoint.ca_file.empty() || !endpoint.fingerprint;
  openssl.SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!endpoint.certificate_file.empty()) {
    if (openssl.SSL_CTX_use_certificate_chain_file(context.get(), endpoint.certificate_file.c_str()) != 1)
      return fail(ErrorCode::invalid_argument, "{} does not contain a certificate: {}", endpoint.certificate_file,
                  openssl_reason(openssl));
    if (openssl.SSL_CTX_use_PrivateKey_file(context.get(), endpoint.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        openssl.SSL_CTX_check_private_key(context.get()) != 1)
      return fail(ErrorCode::invalid_argument, "{} does not contain the key of {}: {}", endpoint.key_file,
                  endpoint.certificate_file, openssl_reason(openssl));
  }
  return context;
}

Result<> expect_server(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint) {
  const bool address = is_address(endpoint.host);
  bool done = false;
  if (address) {
    done = openssl.X509_VERIFY_PARAM_set1_ip_asc(openssl.SSL_get0_param(tls), endpoint.host.c_str()) == 1;
  } else {
    // IP addresses are not allowed in SNI (RFC 6066, 3). The macro SSL_set_tlsext_host_name has an old-style cast.
    openssl.SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = openssl.SSL_set1_host(tls, endpoint.host.c_str()) == 1 &&
           openssl.SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                            const_cast<char*>(endpoint.host.c_str())) == 1;
  }
  if (!done) return fail(ErrorCode::invalid_argument, "'{}' is not a host: {}", endpoint.host, openssl_reason(openssl));
  return {};
}

Result<> check_fingerprint(const Openssl& openssl, SSL* tls, const TlsEndpoint& endpoint) {
  if (!endpoint.fingerprint) return {};
  const X509* certificate = openssl.SSL_get0_peer_certificate(tls);
  Sha256 actual;
  unsigned int length = 0;
  if (certificate == nullptr ||
      openssl.X509_digest(certificate, openssl.EVP_sha256(), reinterpret_cast<unsigned char*>(actual.bytes.data()),
                          &length) != 1)
    return fail(ErrorCode::verification_failed, "the server sent no certificate");
  if (actual != *endpoint.fingerprint)
    return fail(error(ErrorCode::verification_failed, "the certificate of {} has the fingerprint {}, not {}",
                      endpoint.host, actual.to_string(), endpoint.fingerprint->to_string())
                    .with_hint("another machine may be answering, or the node has a new certificate: check before you "
                               "change the profile"));
  return {};
}

Error tls_error(const Openssl& openssl, SSL* tls, const std::string& peer) {
  const int reason = ERR_GET_REASON(openssl.ERR_peek_last_error());
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    openssl.ERR_clear_error();
    return error(ErrorCode::verification_failed, "{} is not trusted: {}", peer,
                 openssl.X509_verify_cert_error_string(openssl.SSL_get_verify_result(tls)));
  }
  const bool refused = refuses_certificate(reason);
  const std::string text = openssl_reason(openssl);
  if (refused)
    return error(ErrorCode::permission_denied, "{} does not accept the client certificate: {}", peer, text)
        .with_hint(
            "use a certificate that a CA of settings.api.client-ca has signed; see 'apiclient profile add --help'");
  return error(ErrorCode::unavailable, "TLS with {} failed: {}", peer, text);
}

}  // namespace bulkhead::net
