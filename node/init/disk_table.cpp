#include "node/init/disk_table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "lib/base/text.hpp"

namespace bulkhead::init {
namespace {

constexpr std::uint64_t kLargestSector = 4096;
constexpr std::size_t kUsualEntries = std::size_t{128} * 128;
constexpr std::uint64_t kSizeUnit = 512;  // of `size` in sysfs, whatever the disk's blocks are

// One of the two tables, as it is on the disk.
struct RawTable {
  GptHeader header;
  std::vector<std::byte> sector;
  std::vector<std::byte> entries;
};

struct Geometry {
  std::uint64_t sector_size = 0;
  std::uint64_t last_block = 0;
};

Result<std::uint64_t> number_in(const sys::Path& file) {
  const std::string text = TRY(sys::read_file(file, 64));
  return parse_integer<std::uint64_t>(trim(text));
}

Result<Geometry> geometry_of(const sys::Path& directory) {
  Geometry geometry;
  geometry.sector_size = TRY(number_in(directory / "queue/logical_block_size"));
  if (geometry.sector_size < kSizeUnit || geometry.sector_size > kLargestSector)
    return fail(ErrorCode::invalid_argument, "sectors of {} bytes", geometry.sector_size);
  const std::uint64_t size = TRY(number_in(directory / "size"));
  const std::uint64_t blocks = size * kSizeUnit / geometry.sector_size;
  if (blocks < 4) return fail(ErrorCode::not_found, "the disk is empty");
  geometry.last_block = blocks - 1;
  return geometry;
}

Result<RawTable> read_raw(const sys::UniqueFd& device, const Geometry& geometry, std::uint64_t block) {
  RawTable table;
  table.sector.resize(geometry.sector_size);
  TRY(sys::read_exactly_at(device.get(), table.sector, block * geometry.sector_size));
  table.header = TRY(parse_gpt_header(table.sector));
  table.entries.resize(std::size_t{table.header.entry_count} * table.header.entry_size);
  TRY(sys::read_exactly_at(device.get(), table.entries, table.header.entries_offset));
  if (table.header.block != block || !is_intact(table.sector, table.entries))
    return fail(ErrorCode::data_loss, "the partition table at block {} is damaged", block);
  return table;
}

// A protective MBR (UEFI 2.10, section 5.2.3), which firmware looks for first.
std::vector<std::byte> protective_mbr(const Geometry& geometry) {
  std::vector<std::byte> sector(geometry.sector_size);
  const auto put = [&](std::size_t at, std::initializer_list<unsigned> bytes) {
    for (const unsigned byte : bytes) sector[at++] = static_cast<std::byte>(byte);
  };
  const auto blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>(geometry.last_block, ~0U));
  put(446, {0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x00});
  for (unsigned i = 0; i < 4; ++i) sector[458 + i] = static_cast<std::byte>(blocks >> (8 * i));
  put(510, {0x55, 0xaa});
  return sector;
}

Result<> write_primary(const sys::UniqueFd& device, const Geometry& geometry, const RawTable& backup) {
  // The header last: until then, the backup is the one that counts.
  TRY(sys::write_all_at(device.get(), backup.entries, 2 * geometry.sector_size));
  if (::fsync(device.get()) < 0) return fail_errno("flushing");
  std::vector<std::byte> first(geometry.sector_size);
  TRY(sys::read_exactly_at(device.get(), first, 0));
  if (first[450] != std::byte{0xee}) TRY(sys::write_all_at(device.get(), protective_mbr(geometry), 0));
  TRY(sys::write_all_at(device.get(), primary_header(backup.sector), geometry.sector_size));
  if (::fsync(device.get()) < 0) return fail_errno("flushing");
  return {};
}

}  // namespace

Result<std::vector<GptEntry>> read_disk_table(const sys::Path& disk, const sys::Path& directory) {
  const Geometry geometry = TRY(geometry_of(directory));
  const sys::UniqueFd device = TRY(sys::open_file(disk, O_RDONLY));
  auto table = read_raw(device, geometry, 1);
  if (!table) table = read_raw(device, geometry, geometry.last_block);
  if (!table) return fail(std::move(table).error());
  return parse_gpt_entries(table->header, table->entries);
}

Result<bool> restore_primary_table(const sys::Path& disk, const sys::Path& directory) {
  const Geometry geometry = TRY(geometry_of(directory));
  const sys::UniqueFd device = TRY(sys::open_file(disk, O_RDWR));
  const auto primary = read_raw(device, geometry, 1);
  if (primary) return false;
  // Not for a disk that cannot be read.
  if (primary.error().sys_errno != 0) return fail(primary.error());
  const RawTable backup = TRY(read_raw(device, geometry, geometry.last_block));
  // As tools make it, ours among them: any other could reach into the first partition.
  if (backup.header.other_block != 1 || backup.entries.size() != kUsualEntries)
    return fail(ErrorCode::failed_precondition, "its backup is not of the usual form");
  TRY(write_primary(device, geometry, backup));
  return true;
}

}  // namespace bulkhead::init
