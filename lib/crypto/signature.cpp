#include "lib/crypto/signature.hpp"

#include "lib/crypto/openssl.hpp"

namespace bulkhead::crypto {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;

const unsigned char* raw_bytes(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Result<std::vector<std::byte>> sign(const PrivateKey& key, const Certificate& signer,
                                    std::span<const std::byte> content) {
  if (!key.belongs_to(signer))
    return fail(ErrorCode::invalid_argument, "the private key does not belong to certificate {}", signer.subject());
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.native()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, raw_bytes(content), content.size()) != 1)
    return fail_openssl(ErrorCode::internal, std::format("signing with {}", signer.subject()));
  std::vector<std::byte> signature(size);
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, raw_bytes(content),
                     content.size()) != 1)
    return fail_openssl(ErrorCode::internal, std::format("signing with {}", signer.subject()));
  signature.resize(size);
  return signature;
}

Result<> verify_signature(std::span<const std::byte> signature, const Certificate& signer,
                          std::span<const std::byte> content) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY* const key = X509_get0_pubkey(signer.native());  // owned by the certificate
  if (!context || key == nullptr || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestVerify(context.get(), raw_bytes(signature), signature.size(), raw_bytes(content), content.size()) != 1)
    return fail_openssl(ErrorCode::verification_failed,
                        std::format("the signature of this content was not made by {}", signer.subject()));
  return {};
}

}  // namespace bulkhead::crypto
