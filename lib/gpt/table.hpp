// GUID partition tables, read and written through libfdisk on image files and block devices. table.cpp is the only file
// that knows libfdisk. Symlinks are followed. Sizes and offsets are bytes.
//
// Limits: 128 entries, 512-byte sectors on image files (the logical sector size of the device on block devices).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/gpt/partition_uuid.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::gpt {

struct Partition {
  unsigned number = 0;  // from 1, as the kernel counts
  PartitionUuid type;
  PartitionUuid uuid;
  std::string label;
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t attributes = 0;

  std::uint64_t end() const { return start + size; }
  PartitionKind kind() const { return kind_of(type); }

  bool operator==(const Partition&) const = default;
};

struct Table {
  PartitionUuid disk;
  std::vector<Partition> partitions;  // by number

  const Partition* find(unsigned number) const;

  bool operator==(const Table&) const = default;
};

// What a disk says about itself. `findings` lists, one sentence each, what is wrong with a table that could be read
// nevertheless: a damaged primary or backup, copies that differ, overlaps, a backup that is not at the end of the disk.
struct TableReading {
  Table table;
  std::uint32_t sector_size = 0;
  std::uint64_t disk_size = 0;
  std::vector<std::string> findings;
};

// Errors: data_loss when there is no usable table at all.
Result<TableReading> read_table(const sys::Path& disk);

// Replaces the whole partition table (protective MBR, primary, backup). The partitions' content is not touched. Starts
// and sizes must be multiples of the sector size; libfdisk refuses overlaps. The caller fsyncs.
Result<> write_table(const sys::Path& disk, const Table& table);

// Sets type, UUID, label and attributes of existing partitions, found by number; start and size must agree with the
// disk (failed_precondition). Both copies of the table are rewritten where they are.
Result<> update_partitions(const sys::Path& disk, std::span<const Partition> partitions);

}  // namespace bulkhead::gpt
