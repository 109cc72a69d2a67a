// Reads a GUID partition table of a disk, the primary or the backup (UEFI 2.10, section 5.3).
//
// Linux 6.12 does not report type and GUID of a partition to user space, so the initrd reads the table itself, with the
// same checks as the kernel, which takes the backup when the primary is damaged ("gpt" on its command line). (lib/gpt
// reads whole tables, but needs libfdisk, which is too large for the static init.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/gpt/partition_uuid.hpp"

namespace bulkhead::init {

// Where the entries are, in bytes from the start of the disk.
struct GptHeader {
  std::uint64_t entries_offset = 0;
  std::uint32_t entry_count = 0;  // 1..1024
  std::uint32_t entry_size = 0;   // 128..4096
  std::uint64_t block = 0;        // where the header itself belongs
  std::uint64_t other_block = 0;  // where the other table's header is

  bool operator==(const GptHeader&) const = default;
};

struct GptEntry {
  std::uint32_t number = 0;  // 1-based, as the kernel counts
  gpt::PartitionUuid type;
  gpt::PartitionUuid uuid;

  bool operator==(const GptEntry&) const = default;
};

// `sector` is the header's block of a disk with logical blocks of sector.size() bytes.
Result<GptHeader> parse_gpt_header(std::span<const std::byte> sector);

// Whether both checksums are right. `entries`: entry_count * entry_size bytes.
bool is_intact(std::span<const std::byte> sector, std::span<const std::byte> entries);

// The header of the primary table for an intact backup: the same with its own place, and entries in block 2.
std::vector<std::byte> primary_header(std::span<const std::byte> backup_sector);

// `entries`: entry_count * entry_size bytes. Unused entries are left out.
Result<std::vector<GptEntry>> parse_gpt_entries(const GptHeader& header, std::span<const std::byte> entries);

}  // namespace bulkhead::init
