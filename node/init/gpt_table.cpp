#include "node/init/gpt_table.hpp"

#include <algorithm>
#include <array>

#include "lib/base/hex.hpp"

namespace bulkhead::init {
namespace {

constexpr std::size_t kHeaderSize = 92;
constexpr std::uint32_t kMostEntries = 1024;
constexpr std::uint32_t kSmallestEntry = 128;
constexpr std::uint32_t kLargestEntry = 4096;
constexpr std::uint64_t kFurthestEntries = std::uint64_t{1} << 40U;

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

// The first three fields of a GUID are little-endian on disk (UEFI 2.10, appendix A).
gpt::PartitionUuid uuid_on_disk(std::span<const std::byte, 16> bytes) {
  std::array<std::byte, 16> text_order{};
  std::ranges::copy(bytes, text_order.begin());
  std::reverse(text_order.begin(), text_order.begin() + 4);
  std::reverse(text_order.begin() + 4, text_order.begin() + 6);
  std::reverse(text_order.begin() + 6, text_order.begin() + 8);
  return gpt::PartitionUuid(text_order);
}

void put_little_endian(std::span<std::byte> bytes, std::uint64_t value) {
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(value);
    value >>= 8U;
  }
}

// That of Ethernet and zlib (UEFI 2.10, section 4.2). Bit by bit: a table has 16 KiB.
std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t value = ~0U;
  for (const std::byte byte : bytes) {
    value ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~value;
}

// Of the header, whose own field counts as zero.
std::uint32_t header_crc(std::span<const std::byte> sector, std::size_t size) {
  std::vector<std::byte> header(sector.begin(), sector.begin() + static_cast<std::ptrdiff_t>(size));
  put_little_endian(std::span(header).subspan(16, 4), 0);
  return crc32(header);
}

}  // namespace

Result<GptHeader> parse_gpt_header(std::span<const std::byte> sector) {
  if (sector.size() < kHeaderSize || as_text(sector.first(8)) != "EFI PART") {
    return fail(ErrorCode::not_found, "there is no GUID partition table");
  }
  const std::uint64_t block = little_endian(sector.subspan(72, 8));
  GptHeader header;
  header.entry_count = static_cast<std::uint32_t>(little_endian(sector.subspan(80, 4)));
  header.entry_size = static_cast<std::uint32_t>(little_endian(sector.subspan(84, 4)));
  if (header.entry_count == 0 || header.entry_count > kMostEntries) {
    return fail(ErrorCode::invalid_argument, "a partition table of {} entries", header.entry_count);
  }
  if (header.entry_size < kSmallestEntry || header.entry_size > kLargestEntry) {
    return fail(ErrorCode::invalid_argument, "partition entries of {} bytes", header.entry_size);
  }
  if (block < 2 || block > kFurthestEntries / sector.size()) {
    return fail(ErrorCode::invalid_argument, "partition entries at block {}", block);
  }
  header.entries_offset = block * sector.size();
  header.block = little_endian(sector.subspan(24, 8));
  header.other_block = little_endian(sector.subspan(32, 8));
  return header;
}

bool is_intact(std::span<const std::byte> sector, std::span<const std::byte> entries) {
  const std::uint64_t size = little_endian(sector.subspan(12, 4));
  return size >= kHeaderSize && size <= sector.size() &&
         header_crc(sector, size) == little_endian(sector.subspan(16, 4)) &&
         crc32(entries) == little_endian(sector.subspan(88, 4));
}

std::vector<std::byte> primary_header(std::span<const std::byte> backup_sector) {
  std::vector<std::byte> sector(backup_sector.begin(), backup_sector.end());
  const std::span<std::byte> bytes(sector);
  const std::uint64_t backup = little_endian(bytes.subspan(24, 8));
  put_little_endian(bytes.subspan(24, 8), 1);
  put_little_endian(bytes.subspan(32, 8), backup);
  put_little_endian(bytes.subspan(72, 8), 2);
  put_little_endian(bytes.subspan(16, 4), header_crc(bytes, little_endian(bytes.subspan(12, 4))));
  return sector;
}

Result<std::vector<GptEntry>> parse_gpt_entries(const GptHeader& header, std::span<const std::byte> entries) {
  if (header.entry_size < kSmallestEntry || entries.size() / header.entry_size < header.entry_count) {
    return fail(ErrorCode::invalid_argument, "{} bytes are too few for {} partition entries", entries.size(),
                header.entry_count);
  }
  std::vector<GptEntry> result;
  for (std::uint32_t i = 0; i < header.entry_count; ++i) {
    const auto entry = entries.subspan(std::size_t{i} * header.entry_size, header.entry_size);
    const auto type = uuid_on_disk(entry.first<16>());
    if (type == gpt::PartitionUuid()) continue;
    result.push_back({.number = i + 1, .type = type, .uuid = uuid_on_disk(entry.subspan<16, 16>())});
  }
  return result;
}

}  // namespace bulkhead::init
