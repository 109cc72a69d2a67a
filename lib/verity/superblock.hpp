// The dm-verity superblock, format version 1, at the start of a hash partition (kernel documentation,
// device-mapper/verity; layout by cryptsetup). Everything in it is untrusted: only the root hash decides what data is
// accepted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::verity {

inline constexpr std::size_t kSuperblockSize = 512;

struct Superblock {
  std::array<std::byte, 16> uuid{};
  std::string algorithm;              // "sha256"
  std::uint32_t data_block_size = 0;  // bytes, a power of two from 512 to 64 KiB
  std::uint32_t hash_block_size = 0;  // bytes, likewise
  std::uint64_t data_blocks = 0;      // at least 1
  std::vector<std::byte> salt;        // at most 256 bytes

  std::uint64_t data_size() const { return data_blocks * data_block_size; }
  // The hash tree starts at the next hash block behind the superblock.
  std::uint64_t hash_start_block() const { return (kSuperblockSize + hash_block_size - 1) / hash_block_size; }

  bool operator==(const Superblock&) const = default;
};

// Parses the first kSuperblockSize bytes. Errors: data_loss for anything that is not a version 1, hash type 1
// superblock with values in the ranges above (data_size() does not overflow).
Result<Superblock> parse_superblock(std::span<const std::byte> bytes);

}  // namespace bulkhead::verity
