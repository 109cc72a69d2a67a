#include "lib/crypto/certificate.hpp"

#include <openssl/pem.h>

#include "lib/crypto/openssl.hpp"
#include "lib/crypto/sha256.hpp"

namespace bulkhead::crypto {

Certificate Certificate::adopt(x509_st* certificate) {
  return Certificate(std::shared_ptr<x509_st>(certificate, X509_free));
}

Result<Certificate> Certificate::parse_pem(std::string_view text) {
  const BioHandle bio = TRY(reading_bio(bulkhead::as_bytes(text)));
  X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (certificate == nullptr) return fail_openssl(ErrorCode::invalid_argument, "not a PEM certificate");
  return adopt(certificate);
}

Result<std::vector<Certificate>> Certificate::parse_bundle(std::string_view pem) {
  static constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  static constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<Certificate> certificates;
  for (std::size_t at = pem.find(kBegin); at != std::string_view::npos; at = pem.find(kBegin, at + 1)) {
    const std::size_t end = pem.find(kEnd, at);
    if (end == std::string_view::npos) return fail(ErrorCode::invalid_argument, "a certificate has no end");
    auto certificate = TRY(parse_pem(pem.substr(at, end + kEnd.size() - at)));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

Result<Certificate> Certificate::parse_der(std::span<const std::byte> der) {
  const BioHandle bio = TRY(reading_bio(der));
  X509* certificate = d2i_X509_bio(bio.get(), nullptr);
  if (certificate == nullptr) return fail_openssl(ErrorCode::invalid_argument, "not a DER certificate");
  return adopt(certificate);
}

Result<Certificate> Certificate::load(const sys::Path& pem_file) {
  static constexpr std::uint64_t kLimit = 65536;
  const std::string text = TRY(sys::read_file(pem_file, kLimit));
  return TRY_CTX(parse_pem(text), "reading certificate {}", pem_file.native());
}

Result<std::string> Certificate::to_pem() const {
  const BioHandle bio = TRY(writing_bio());
  if (PEM_write_bio_X509(bio.get(), native()) != 1)
    return fail_openssl(ErrorCode::internal, "writing a certificate as PEM");
  return written(bio.get());
}

std::vector<std::byte> Certificate::to_der() const { return crypto::to_der(native(), i2d_X509); }

Sha256 Certificate::fingerprint() const { return sha256(to_der()); }

std::string Certificate::subject() const {
  const auto bio = writing_bio();
  if (!bio) return {};
  X509_NAME_print_ex(bio->get(), X509_get_subject_name(native()), 0, XN_FLAG_RFC2253);
  return written(bio->get());
}

}  // namespace bulkhead::crypto
