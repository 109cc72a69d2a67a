#include "api-server/http/client_certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include <format>
#include <numeric>

#include "api-server/http/certificates.hpp"

namespace bulkhead::http {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, ::X509_free); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackFree>;

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
std::string verify_error(X509* certificate, STACK_OF(X509) * others, X509_STORE* trusted) {
  struct Free {
    void operator()(X509_STORE_CTX* verification) const { ::X509_STORE_CTX_free(verification); }
  };
  const std::unique_ptr<X509_STORE_CTX, Free> verification(::X509_STORE_CTX_new());
  if (!verification || ::X509_STORE_CTX_init(verification.get(), trusted, certificate, others) != 1 ||
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

ClientCertificate described(X509* certificate, STACK_OF(X509) * others, X509_STORE* trusted) {
  return {.present = true,
          .verify_error = verify_error(certificate, others, trusted),
          .common_name = common_name_of(certificate),
          .serial = serial_of(certificate),
          .not_after = not_after_of(certificate)};
}

std::string der_of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = ::i2d_X509(certificate, &bytes);
  if (size < 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  ::OPENSSL_free(bytes);
  return der;
}

Certificate certificate_of(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  Certificate certificate(::d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ::ERR_clear_error();
  return at == end ? std::move(certificate) : nullptr;
}

bool is_too_large(const std::vector<std::string>& chain) {
  const std::size_t size = std::accumulate(chain.begin(), chain.end(), std::size_t{0},
                                           [](std::size_t sum, const std::string& each) { return sum + each.size(); });
  return chain.size() > kMostCertificates || size > kLargestChain;
}

}  // namespace

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

Result<TrustStore> trust_store(const std::string& pem) {
  const std::vector<Certificate> certificates = TRY_CTX(parse_certificates(pem), "{}", kClientCaRule);
  TrustStore store(::X509_STORE_new(), ::X509_STORE_free);
  for (const Certificate& certificate : certificates) ::X509_STORE_add_cert(store.get(), certificate.get());
  ::ERR_clear_error();  // of a certificate that appears twice
  return store;
}

ClientCertificate check_chain(const std::vector<std::string>& chain, X509_STORE* trusted) {
  if (chain.empty()) return {};
  ClientCertificate unreadable{.present = true, .verify_error = "it cannot be read", .common_name = {}, .serial = {}};
  if (is_too_large(chain)) return unreadable;
  const Stack others(sk_X509_new_null());
  const Certificate own = certificate_of(chain.front());
  if (!own || !others) return unreadable;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    Certificate each = certificate_of(chain[i]);
    if (!each || sk_X509_push(others.get(), each.get()) == 0) return unreadable;
    each.release();
  }
  return described(own.get(), others.get(), trusted);
}

ShownCertificate shown_certificate(SSL* ssl, SSL_CTX* context) {
  const Certificate own(::SSL_get1_peer_certificate(ssl));
  if (!own) return {};
  STACK_OF(X509)* const others = ::SSL_get_peer_cert_chain(ssl);
  ShownCertificate shown{.certificate = described(own.get(), others, ::SSL_CTX_get_cert_store(context)),
                         .chain = {der_of(own.get())}};
  // On a server's side the peer's own certificate is not among these (SSL_get_peer_cert_chain(3)).
  for (int i = 0; i < sk_X509_num(others); ++i) shown.chain.push_back(der_of(sk_X509_value(others, i)));
  if (is_too_large(shown.chain) && shown.certificate.verify_error.empty())
    shown.certificate.verify_error = "its chain is too long";
  return shown;
}

}  // namespace bulkhead::http
