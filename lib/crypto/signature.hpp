// Bare signatures of content: no container, nothing about time or signer in them. SHA-256; RSA keys sign with PKCS#1
// v1.5 padding, so that the same key and content give the same bytes.
#pragma once

#include <span>
#include <vector>

#include "lib/crypto/certificate.hpp"
#include "lib/crypto/private_key.hpp"

namespace bulkhead::crypto {

// Errors: invalid_argument when the key does not belong to the certificate.
Result<std::vector<std::byte>> sign(const PrivateKey& key, const Certificate& signer,
                                    std::span<const std::byte> content);

// Errors: verification_failed, also for bytes that are not a signature. The certificate's validity dates are ignored.
Result<> verify_signature(std::span<const std::byte> signature, const Certificate& signer,
                          std::span<const std::byte> content);

}  // namespace bulkhead::crypto
