#include "lib/gpt/derived_uuid.hpp"

#include <algorithm>
#include <format>

#include "lib/crypto/sha256.hpp"

namespace bulkhead::gpt {

PartitionUuid derived_uuid(std::string_view name) {
  const Sha256 digest = crypto::sha256(name);
  std::array<std::byte, 16> bytes{};
  std::copy_n(digest.bytes.begin(), bytes.size(), bytes.begin());
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x80};
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return PartitionUuid(bytes);
}

PartitionUuid verity_signature_partition_uuid(const Sha256& root_hash) {
  return derived_uuid(std::format("verity-sig{}", root_hash.to_string()));
}

}  // namespace bulkhead::gpt
