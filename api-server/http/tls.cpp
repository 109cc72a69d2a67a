#include "api-server/http/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include <memory>
#include <vector>

namespace bulkhead::http {
namespace {

namespace ssl = boost::asio::ssl;

struct X509Free {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Free>;
struct BioFree {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};

Error bad(std::string_view what, const boost::system::error_code& reason) {
  return error(ErrorCode::invalid_argument, "{}: {}", what, reason.message());
}

constexpr std::string_view kCertificateRule =
    "api.certificate: must be certificates in PEM, in base64, the node's own first";
constexpr std::string_view kKeyRule = "api.key: must be a private key in PEM without a passphrase, in base64";
constexpr std::string_view kClientCaRule = "api.client-ca: must be certificates in PEM, in base64";

// Every certificate of the text; asio's add_certificate_authority() takes only the first.
Result<std::vector<Certificate>> parse_certificates(const std::string& pem) {
  std::vector<Certificate> certificates;
  const std::unique_ptr<BIO, BioFree> text(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  for (;;) {
    Certificate certificate(::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    certificates.push_back(std::move(certificate));
  }
  // The error at the end of a text without further certificates; any other error means a damaged certificate.
  const bool at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  if (certificates.empty()) return fail(ErrorCode::invalid_argument, "it contains no certificate");
  if (!at_end)
    return fail(ErrorCode::invalid_argument, "the text after certificate {} cannot be read", certificates.size());
  return certificates;
}

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

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* number = ::X509_get0_serialNumber(certificate);
  std::string digits;
  for (int i = 0; i < number->length; ++i) digits += std::format("{:02x}", number->data[i]);
  return digits;
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* subject = ::X509_get_subject_name(certificate);
  const int index = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  unsigned char* text = nullptr;
  const int size = ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, index)));
  if (size < 0) return {};
  // A name with a zero byte counts as no name.
  std::string name(text, text + size);
  ::OPENSSL_free(text);
  return name.contains('\0') ? std::string() : name;
}

// Empty when the certificate is good; else why not.
std::string verify_error(SSL* ssl, SSL_CTX* context, X509* certificate) {
  struct Free {
    void operator()(X509_STORE_CTX* verification) const { ::X509_STORE_CTX_free(verification); }
  };
  const std::unique_ptr<X509_STORE_CTX, Free> verification(::X509_STORE_CTX_new());
  if (!verification ||
      ::X509_STORE_CTX_init(verification.get(), ::SSL_CTX_get_cert_store(context), certificate,
                            ::SSL_get_peer_cert_chain(ssl)) != 1 ||
      ::X509_STORE_CTX_set_default(verification.get(), "ssl_client") != 1)
    return "it cannot be checked";
  const bool good = ::X509_verify_cert(verification.get()) == 1;
  const int reason = ::X509_STORE_CTX_get_error(verification.get());
  ::ERR_clear_error();
  return good ? "" : ::X509_verify_cert_error_string(reason);
}

// The earliest time for one that cannot be read: it has passed.
std::chrono::sys_seconds not_after_of(const X509* certificate) {
  std::tm time{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &time) != 1) return std::chrono::sys_seconds::min();
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&time)));
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
  // The result is checked after the handshake (client_certificate()).
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

ClientCertificate client_certificate(SSL* ssl, SSL_CTX* context) {
  const Certificate certificate(::SSL_get1_peer_certificate(ssl));
  if (!certificate) return {};
  return {.present = true,
          .verify_error = verify_error(ssl, context, certificate.get()),
          .common_name = common_name_of(certificate.get()),
          .serial = serial_of(certificate.get()),
          .not_after = not_after_of(certificate.get())};
}

}  // namespace bulkhead::http
