// Content of a verity signature partition: the JSON record of the Discoverable Partitions Specification
// ("root-verity-sig"), padded with NUL bytes. The signature is a detached PKCS#7 over the root hash as lower-case
// hexadecimal text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "lib/base/hex.hpp"

namespace bulkhead::verity {

// The size that systemd-repart makes, and the most that we read.
inline constexpr std::size_t kSignaturePartitionSize = std::size_t{16} << 10U;

struct RootHashSignature {
  Sha256 root_hash;
  Sha256 certificate_fingerprint;    // SHA-256 of the signer's certificate in DER
  std::vector<std::byte> signature;  // PKCS#7, DER

  bool operator==(const RootHashSignature&) const = default;
};

// Exactly kSignaturePartitionSize bytes. Error: a signature that does not fit.
Result<std::string> write_root_hash_signature(const RootHashSignature& record);

// Reads at most the first kSignaturePartitionSize bytes. Strict: one object with exactly the three members as plain
// strings without escapes, followed by nothing but white space and NUL bytes. Errors: data_loss.
Result<RootHashSignature> parse_root_hash_signature(std::span<const std::byte> bytes);

}  // namespace bulkhead::verity
