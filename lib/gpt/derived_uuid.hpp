// UUIDs that nothing else defines. They are hashes of names, so that the same build gives the same bytes.
#pragma once

#include <string_view>

#include "lib/gpt/partition_uuid.hpp"

namespace bulkhead::gpt {

// First 128 bits of SHA-256(name), with version 8 and the RFC 9562 variant set.
PartitionUuid derived_uuid(std::string_view name);

// derived_uuid("verity-sig" + root hash in lower-case hex)
PartitionUuid verity_signature_partition_uuid(const Sha256& root_hash);

}  // namespace bulkhead::gpt
