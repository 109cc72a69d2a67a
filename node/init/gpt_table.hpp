// Reads the primary GUID partition table of a disk (UEFI 2.10, section 5.3).
//
// Linux 6.12 tells neither type nor GUID of a partition to user space, so the initrd looks at the table itself. It is
// asked only about disks on which the kernel has already found partitions, that is, accepted the table with its
// checksums. (lib/gpt has the whole table, through libfdisk, which has no place in a static program.)
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

  bool operator==(const GptHeader&) const = default;
};

struct GptEntry {
  std::uint32_t number = 0;  // 1-based, as the kernel counts
  gpt::PartitionUuid type;
  gpt::PartitionUuid uuid;

  bool operator==(const GptEntry&) const = default;
};

// `sector` is logical block 1 of a disk with logical blocks of sector.size() bytes.
Result<GptHeader> parse_gpt_header(std::span<const std::byte> sector);

// `entries`: entry_count * entry_size bytes. Unused entries are left out.
Result<std::vector<GptEntry>> parse_gpt_entries(const GptHeader& header, std::span<const std::byte> entries);

}  // namespace bulkhead::init
