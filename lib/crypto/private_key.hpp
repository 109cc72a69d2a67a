// A private key: RSA made here, read from a PEM file, or held by a PKCS#11 token. The bytes of a token's key never
// reach us.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "lib/crypto/certificate.hpp"
#include "lib/crypto/secret_text.hpp"

struct evp_pkey_st;

namespace bulkhead::crypto {

class PrivateKey {
 public:
  static Result<PrivateKey> generate_rsa(unsigned bits);
  static Result<PrivateKey> generate_p256();
  // A path of an unencrypted PEM file, or a PKCS#11 URI (RFC 7512). A URI needs OpenSSL's pkcs11 provider; the PIN
  // comes from pin-value or pin-source in the URI, because a build does not prompt. Errors: not_found;
  // failed_precondition without the provider.
  static Result<PrivateKey> load(const std::string& location);

  // PKCS#8 without encryption. Fails for a token's key.
  Result<SecretText> to_pem() const;
  // True when the certificate carries the public half.
  bool belongs_to(const Certificate& certificate) const;

  evp_pkey_st* native() const { return key_.get(); }

 private:
  explicit PrivateKey(evp_pkey_st* key);
  std::shared_ptr<evp_pkey_st> key_;
};

// True for "pkcs11:…".
bool is_pkcs11_uri(std::string_view location);
// The value of the URI's module-path attribute (RFC 7512, 2.4), percent-decoded: the library that talks to the token.
std::optional<std::string> pkcs11_module_path(std::string_view uri);
// The URI without that attribute, for programs that refuse it.
std::string without_pkcs11_module_path(std::string_view uri);

enum class Purpose { code_signing, tls_server };

struct CertificateRequest {
  std::string common_name;  // at most 64 characters
  std::chrono::sys_seconds not_before;
  std::chrono::sys_seconds not_after;
  Purpose purpose = Purpose::code_signing;
};

// A self-signed certificate (digitalSignature, not a CA) signed with SHA-256. The serial number is derived from the
// key, so the same RSA key and request give the same bytes.
Result<Certificate> self_sign(const PrivateKey& key, const CertificateRequest& request);

}  // namespace bulkhead::crypto
