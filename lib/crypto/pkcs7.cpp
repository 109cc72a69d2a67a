#include "lib/crypto/pkcs7.hpp"

#include "lib/crypto/openssl.hpp"

namespace bulkhead::crypto {
namespace {

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // the certificates belong to others
};

}  // namespace

Result<std::vector<std::byte>> pkcs7_sign(const PrivateKey& key, const Certificate& signer,
                                          std::span<const std::byte> content, Pkcs7Form form) {
  if (!key.belongs_to(signer))
    return fail(ErrorCode::invalid_argument, "the private key does not belong to certificate {}", signer.subject());
  const BioHandle bio = TRY(reading_bio(content));
  const int base = PKCS7_BINARY | PKCS7_DETACHED | PKCS7_NOATTR;
  const int flags = form == Pkcs7Form::detached ? base | PKCS7_NOCERTS : base;
  const Pkcs7Handle signature(PKCS7_sign(signer.native(), key.native(), nullptr, bio.get(), flags));
  if (!signature) return fail_openssl(ErrorCode::internal, std::format("signing with {}", signer.subject()));
  if (form == Pkcs7Form::detached) return to_der(signature.get(), i2d_PKCS7);
  return to_der(signature->d.sign, i2d_PKCS7_SIGNED);
}

Result<> pkcs7_verify(std::span<const std::byte> signature, const Certificate& signer,
                      std::span<const std::byte> content) {
  const BioHandle der = TRY(reading_bio(signature));
  const Pkcs7Handle parsed(d2i_PKCS7_bio(der.get(), nullptr));
  if (!parsed || PKCS7_type_is_signed(parsed.get()) == 0)
    return fail_openssl(ErrorCode::verification_failed, "not a PKCS#7 signature");
  const BioHandle message = TRY(reading_bio(content));
  const std::unique_ptr<STACK_OF(X509), FreeStack> signers(sk_X509_new_null());
  if (!signers || sk_X509_push(signers.get(), signer.native()) == 0)
    return fail_openssl(ErrorCode::internal, "allocating");
  // NOINTERN: only our certificate may have signed, whatever certificates the message contains. NOVERIFY: our
  // certificate is trusted without a chain.
  if (PKCS7_verify(parsed.get(), signers.get(), nullptr, message.get(), nullptr,
                   PKCS7_BINARY | PKCS7_NOINTERN | PKCS7_NOVERIFY) != 1) {
    return fail_openssl(ErrorCode::verification_failed,
                        std::format("the signature of this content was not made by {}", signer.subject()));
  }
  return {};
}

}  // namespace bulkhead::crypto
