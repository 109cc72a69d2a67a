// dm-verity hash trees over plain files, made and checked in userspace by libcryptsetup. Needs no privileges and no
// device-mapper. hash_tree.cpp is the only file that knows libcryptsetup's format and verify calls.
#pragma once

#include <span>

#include "lib/base/hex.hpp"
#include "lib/gpt/partition_uuid.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::verity {

inline constexpr std::uint32_t kBlockSize = 4096;

struct HashTreeOptions {
  std::span<const std::byte> salt;  // at most 256 bytes
  gpt::PartitionUuid uuid;          // kept in the superblock, protects nothing
};

// Writes superblock and SHA-256 tree for `data` (a multiple of 4 KiB, not empty) to `hashes`, which must not exist or
// is replaced. Returns the root hash. The same input gives the same bytes. On error `hashes` may be left incomplete.
Result<Sha256> format(const sys::Path& data, const sys::Path& hashes, const HashTreeOptions& options);

// Reads every block of data and tree, as `veritysetup verify` does. Errors: verification_failed when any block, or the
// whole, does not match `root_hash`; data_loss when there is no superblock.
Result<> verify(const sys::Path& data, const sys::Path& hashes, const Sha256& root_hash);

}  // namespace bulkhead::verity
