#include "lib/verity/superblock.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>

namespace bulkhead::verity {
namespace {

constexpr std::string_view kMagic{"verity\0\0", 8};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kHashType = 1;
constexpr std::size_t kSaltLimit = 256;

// Offsets of the fields, all little-endian.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kHashTypeAt = 12;
constexpr std::size_t kUuidAt = 16;
constexpr std::size_t kAlgorithmAt = 32;
constexpr std::size_t kAlgorithmSize = 32;
constexpr std::size_t kDataBlockSizeAt = 64;
constexpr std::size_t kHashBlockSizeAt = 68;
constexpr std::size_t kDataBlocksAt = 72;
constexpr std::size_t kSaltSizeAt = 80;
constexpr std::size_t kSaltAt = 88;

template <class T>
T little_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(bytes[at + i - 1]);
  return static_cast<T>(value);
}

bool is_block_size(std::uint32_t size) { return std::has_single_bit(size) && size >= 512 && size <= 65536; }

}  // namespace

Result<Superblock> parse_superblock(std::span<const std::byte> bytes) {
  if (bytes.size() < kSuperblockSize)
    return fail(ErrorCode::data_loss, "a verity superblock has {} bytes, not {}", kSuperblockSize, bytes.size());
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), kSuperblockSize);
  if (!text.starts_with(kMagic)) return fail(ErrorCode::data_loss, "no verity superblock");
  const auto version = little_endian<std::uint32_t>(bytes, kVersionAt);
  const auto hash_type = little_endian<std::uint32_t>(bytes, kHashTypeAt);
  if (version != kVersion || hash_type != kHashType) {
    return fail(ErrorCode::data_loss, "verity superblock of version {}, hash type {}", version, hash_type);
  }

  Superblock block;
  std::ranges::copy(bytes.subspan(kUuidAt, block.uuid.size()), block.uuid.begin());
  const std::string_view algorithm = text.substr(kAlgorithmAt, kAlgorithmSize);
  block.algorithm = algorithm.substr(0, algorithm.find('\0'));
  const bool plain = std::ranges::all_of(
      block.algorithm, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  if (block.algorithm.empty() || block.algorithm.size() == kAlgorithmSize || !plain) {
    return fail(ErrorCode::data_loss, "verity superblock with a bad algorithm name");
  }
  block.data_block_size = little_endian<std::uint32_t>(bytes, kDataBlockSizeAt);
  block.hash_block_size = little_endian<std::uint32_t>(bytes, kHashBlockSizeAt);
  block.data_blocks = little_endian<std::uint64_t>(bytes, kDataBlocksAt);
  if (!is_block_size(block.data_block_size) || !is_block_size(block.hash_block_size)) {
    return fail(ErrorCode::data_loss, "verity superblock with block sizes {} and {}", block.data_block_size,
                block.hash_block_size);
  }
  // A file offset is a signed 64-bit number.
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / block.data_block_size;
  if (block.data_blocks == 0 || block.data_blocks > limit) {
    return fail(ErrorCode::data_loss, "verity superblock with {} data blocks", block.data_blocks);
  }
  const auto salt_size = little_endian<std::uint16_t>(bytes, kSaltSizeAt);
  if (salt_size > kSaltLimit) return fail(ErrorCode::data_loss, "verity superblock with a salt of {} bytes", salt_size);
  const auto salt = bytes.subspan(kSaltAt, salt_size);
  block.salt.assign(salt.begin(), salt.end());
  return block;
}

}  // namespace bulkhead::verity
