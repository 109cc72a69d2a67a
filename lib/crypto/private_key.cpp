#include "lib/crypto/private_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "lib/base/text.hpp"
#include "lib/crypto/openssl.hpp"
#include "lib/crypto/sha256.hpp"

namespace bulkhead::crypto {
namespace {

using StoreHandle = std::unique_ptr<OSSL_STORE_CTX, Release<OSSL_STORE_close>>;
using StoreInfoHandle = std::unique_ptr<OSSL_STORE_INFO, Release<OSSL_STORE_INFO_free>>;
using CertificateHandle = std::unique_ptr<X509, Release<X509_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;

constexpr std::string_view kModulePath = "module-path=";

// Loading any provider by name switches off the implicit default one, so both are loaded. They stay for the life of the
// process, with the module of the first key.
Result<> load_pkcs11_provider(const std::string& uri) {
  static const bool loaded = [&uri] {
    std::string module = pkcs11_module_path(uri).value_or("");
    std::array<OSSL_PARAM, 2> parameters = {
        OSSL_PARAM_construct_utf8_string("pkcs11-module-path", module.data(), module.size()),
        OSSL_PARAM_construct_end()};
    return OSSL_PROVIDER_load(nullptr, "default") != nullptr &&
           OSSL_PROVIDER_load_ex(nullptr, "pkcs11", module.empty() ? nullptr : parameters.data()) != nullptr;
  }();
  if (loaded) return {};
  auto failed = fail_openssl(ErrorCode::failed_precondition, "OpenSSL's pkcs11 provider cannot be loaded");
  return fail(std::move(failed).error().with_hint(
      "install the package pkcs11-provider and name the token's library by module-path in the key's URI"));
}

// A key URI without PIN must fail, not wait at a terminal.
Result<EVP_PKEY*> open_in_store(const std::string& uri) {
  TRY(load_pkcs11_provider(uri));
  const StoreHandle store(OSSL_STORE_open(uri.c_str(), UI_null(), nullptr, nullptr, nullptr));
  if (!store) return fail_openssl(ErrorCode::not_found, "the PKCS#11 token cannot be opened");
  OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY);
  while (OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfoHandle info(OSSL_STORE_load(store.get()));
    if (info && OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY)
      return OSSL_STORE_INFO_get1_PKEY(info.get());
  }
  return fail_openssl(ErrorCode::not_found, "the PKCS#11 token has no such private key");
}

// The URI may carry the PIN, which must not reach a log.
std::string without_secrets(const std::string& uri) { return uri.substr(0, uri.find('?')); }

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' ? from_hex(text.substr(i + 1, 2)).value_or(std::vector<std::byte>()) : std::vector<std::byte>();
    decoded += byte.empty() ? text[i] : static_cast<char>(byte.front());
    if (!byte.empty()) i += 2;
  }
  return decoded;
}

Result<> add_extension(X509* certificate, int id, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
    return fail_openssl(ErrorCode::internal, "adding a certificate extension");
  return {};
}

Result<> set_serial(X509* certificate, EVP_PKEY* key) {
  static constexpr std::size_t kLength = 16;
  Sha256 digest = sha256(to_der(key, i2d_PUBKEY));
  digest.bytes[0] &= std::byte{0x7f};  // a positive number
  const std::unique_ptr<BIGNUM, Release<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(digest.bytes.data()), kLength, nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return fail_openssl(ErrorCode::internal, "setting a serial number");
  }
  return {};
}

}  // namespace

PrivateKey::PrivateKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {}

Result<PrivateKey> PrivateKey::generate_rsa(unsigned bits) {
  EVP_PKEY* key = EVP_RSA_gen(bits);
  if (key == nullptr) return fail_openssl(ErrorCode::internal, std::format("generating an RSA-{} key", bits));
  return PrivateKey(key);
}

Result<PrivateKey> PrivateKey::generate_p256() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  if (key == nullptr) return fail_openssl(ErrorCode::internal, "making a P-256 key");
  return PrivateKey(key);
}

bool is_pkcs11_uri(std::string_view location) { return location.starts_with("pkcs11:"); }

std::optional<std::string> pkcs11_module_path(std::string_view uri) {
  const auto query = uri.find('?');
  if (query == std::string_view::npos) return std::nullopt;
  for (const std::string_view attribute : split(uri.substr(query + 1), '&')) {
    if (attribute.starts_with(kModulePath)) return percent_decoded(attribute.substr(kModulePath.size()));
  }
  return std::nullopt;
}

std::string without_pkcs11_module_path(std::string_view uri) {
  const auto query = uri.find('?');
  std::string result(uri.substr(0, query));
  if (query == std::string_view::npos) return result;
  char separator = '?';
  for (const std::string_view attribute : split(uri.substr(query + 1), '&')) {
    if (attribute.starts_with(kModulePath)) continue;
    result += separator;
    result += attribute;
    separator = '&';
  }
  return result;
}

Result<PrivateKey> PrivateKey::load(const std::string& location) {
  if (is_pkcs11_uri(location)) {
    EVP_PKEY* key = TRY_CTX(open_in_store(location), "loading {}", without_secrets(location));
    return PrivateKey(key);
  }
  static constexpr std::uint64_t kLimit = 65536;
  const SecretText text = TRY(SecretText::read(location, kLimit));
  const BioHandle bio = TRY(reading_bio(bulkhead::as_bytes(text.view())));
  // The empty passphrase prevents a prompt; an encrypted file then fails with a clear reason.
  std::string no_passphrase;
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase.data());
  if (key == nullptr)
    return fail_openssl(ErrorCode::invalid_argument,
                        std::format("{} does not contain a usable PEM private key", location));
  return PrivateKey(key);
}

Result<SecretText> PrivateKey::to_pem() const {
  const BioHandle bio = TRY(writing_bio());
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), native(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail_openssl(ErrorCode::failed_precondition, "writing a private key as PEM");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);  // wiped by OpenSSL when it is freed
  return SecretText(std::string_view(data, static_cast<std::size_t>(size)));
}

bool PrivateKey::belongs_to(const Certificate& certificate) const {
  return EVP_PKEY_eq(X509_get0_pubkey(certificate.native()), native()) == 1;
}

Result<Certificate> self_sign(const PrivateKey& key, const CertificateRequest& request) {
  const CertificateHandle certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  TRY(set_serial(certificate.get(), key.native()));
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), request.not_before.time_since_epoch().count());
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), request.not_after.time_since_epoch().count());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(request.common_name.data());
  if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(request.common_name.size()), -1,
                                 0) != 1) {
    return fail_openssl(ErrorCode::invalid_argument,
                        std::format("'{}' cannot be a certificate's name", request.common_name));
  }
  X509_set_issuer_name(certificate.get(), name);
  if (X509_set_pubkey(certificate.get(), key.native()) != 1)
    return fail_openssl(ErrorCode::internal, "setting a public key");
  const std::array<std::pair<int, const char*>, 4> extensions = {{
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, request.purpose == Purpose::tls_server ? "serverAuth" : "codeSigning"},
      {NID_subject_key_identifier, "hash"},
  }};
  for (const auto& [id, value] : extensions) TRY(add_extension(certificate.get(), id, value));
  if (X509_sign(certificate.get(), key.native(), EVP_sha256()) == 0)
    return fail_openssl(ErrorCode::internal, "signing a certificate");
  // Through DER once, so that the cached encoding is the final one.
  return Certificate::parse_der(to_der(certificate.get(), i2d_X509));
}

}  // namespace bulkhead::crypto
