// The superblock of ext4, as far as bulkhead-file-system asks for it. Pure functions over foreign bytes.
//
// STATE and DATA were made by mke2fs with its defaults. What else a superblock can ask for is not for us: multiple
// mount protection alone lets e2fsck and the kernel sleep for days. Source: the kernel's
// Documentation/filesystems/ext4, "Super Block"; little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lib/base/result.hpp"

namespace bulkhead::file_system {

inline constexpr std::size_t kSuperblockSize = 1024;
inline constexpr std::uint64_t kSuperblockOffset = 1024;  // of the primary one, bytes

struct Superblock {
  std::uint64_t blocks = 0;
  std::uint64_t block_size = 0;
};

// Errors: data_loss when it is none; verification_failed when it asks for what mke2fs of Debian 13 does not make
// by default, naming it: a feature, mount options, a journal elsewhere. Its checksum is e2fsck's business.
Result<Superblock> read_superblock(std::span<const std::byte, kSuperblockSize> bytes);

}  // namespace bulkhead::file_system
