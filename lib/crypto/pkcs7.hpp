// PKCS#7 signatures (RFC 2315) without authenticated attributes: nothing in them depends on time or chance, so the same
// key and content give the same bytes. Digest SHA-256; RSA keys sign with PKCS#1 v1.5 padding.
#pragma once

#include <span>
#include <vector>

#include "lib/crypto/certificate.hpp"
#include "lib/crypto/private_key.hpp"

namespace bulkhead::crypto {

enum class Pkcs7Form {
  // ContentInfo, detached, no certificates: the form that the kernel accepts for a dm-verity root hash.
  detached,
  // Bare SignedData, detached, with the signer's certificate: the form that UEFI accepts for an authenticated variable
  // (UEFI 2.10, 8.2.2).
  signed_data_with_certificate,
};

// Errors: invalid_argument when the key does not belong to the certificate.
Result<std::vector<std::byte>> pkcs7_sign(const PrivateKey& key, const Certificate& signer,
                                          std::span<const std::byte> content, Pkcs7Form form);

// Checks a Pkcs7Form::detached signature by exactly this certificate. Its validity dates are ignored, as in the kernel.
// Errors: verification_failed, also for bytes that are not a signature.
Result<> pkcs7_verify(std::span<const std::byte> signature, const Certificate& signer,
                      std::span<const std::byte> content);

}  // namespace bulkhead::crypto
