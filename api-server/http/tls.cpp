#include "api-server/http/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <vector>

#include "api-server/http/certificates.hpp"

namespace bulkhead::http {
namespace {

namespace ssl = boost::asio::ssl;

Error bad(std::string_view what, const boost::system::error_code& reason) {
  return error(ErrorCode::invalid_argument, "{}: {}", what, reason.message());
}

constexpr std::string_view kCertificateRule =
    "api.certificate: must be certificates in PEM, in base64, the node's own first";
constexpr std::string_view kKeyRule = "api.key: must be a private key in PEM without a passphrase, in base64";

Result<> trust(SSL_CTX* context, const std::string& pem) {
  const std::vector<Certificate> certificates = TRY_CTX(parse_certificates(pem), "{}", kClientCaRule);
  for (const Certificate& certificate : certificates) {
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), certificate.get());
    ::SSL_CTX_add_client_CA(context, certificate.get());
  }
  ::ERR_clear_error();  // of a certificate that appears twice
  return {};
}

// Never prompts for a passphrase: a daemon has no terminal.
std::string no_passphrase(std::size_t, ssl::context::password_purpose) { return {}; }

Result<> use_identity(ssl::context& context, const std::string& certificates, std::string_view key) {
  TRY_CTX(parse_certificates(certificates), "{}", kCertificateRule);
  boost::system::error_code reason;
  context.set_password_callback(no_passphrase, reason);
  if (context.use_certificate_chain(boost::asio::buffer(certificates), reason))
    return fail(bad(kCertificateRule, reason));
  if (context.use_private_key(boost::asio::buffer(key), ssl::context::pem, reason)) {
    // OpenSSL compares the two when it loads the key.
    if (ERR_GET_REASON(static_cast<unsigned long>(reason.value())) == X509_R_KEY_VALUES_MISMATCH ||
        ERR_GET_REASON(static_cast<unsigned long>(reason.value())) == X509_R_KEY_TYPE_MISMATCH)
      return fail(ErrorCode::invalid_argument, "api.key: must be the key of api.certificate");
    return fail(bad(kKeyRule, reason));
  }
  if (::SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ::ERR_clear_error();
    return fail(ErrorCode::invalid_argument, "api.key: must be the key of api.certificate");
  }
  return {};
}

}  // namespace

Result<ssl::context> server_context(const RemoteListener& listener) {
  ssl::context context(ssl::context::tls_server);
  SSL_CTX* raw = context.native_handle();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  // A ticket would let in a client whose certificate has been revoked since.
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(raw, 0);
  boost::system::error_code reason;
  TRY(use_identity(context, listener.certificates, listener.key.view()));
  TRY(trust(raw, listener.client_ca));
  // The result is checked after the handshake (shown_certificate()).
  context.set_verify_mode(ssl::verify_peer, reason);
  context.set_verify_callback([](bool, ssl::verify_context&) { return true; }, reason);
  return context;
}

Result<> check_identity(const std::string& certificates, std::string_view key) {
  ssl::context context(ssl::context::tls_server);
  return use_identity(context, certificates, key);
}

Result<> check_client_ca(const std::string& pem) {
  ssl::context context(ssl::context::tls_server);
  return trust(context.native_handle(), pem);
}

}  // namespace bulkhead::http
