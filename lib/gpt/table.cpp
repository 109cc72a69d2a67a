#include "lib/gpt/table.hpp"

#include <fcntl.h>
#include <libfdisk.h>
#include <stdlib.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace bulkhead::gpt {
namespace {

template <auto function>
struct Release {
  template <class T>
  void operator()(T* object) const {
    function(object);
  }
};
using Context = std::unique_ptr<fdisk_context, Release<fdisk_unref_context>>;
using PartitionHandle = std::unique_ptr<fdisk_partition, Release<fdisk_unref_partition>>;
using TypeHandle = std::unique_ptr<fdisk_parttype, Release<fdisk_unref_parttype>>;
using TableHandle = std::unique_ptr<fdisk_table, Release<fdisk_unref_table>>;
using CString = std::unique_ptr<char, Release<::free>>;

// libfdisk reports findings through a dialog. We answer no question and keep its messages.
extern "C" {
static int collect_message(fdisk_context*, fdisk_ask* ask, void* data) {
  const int type = fdisk_ask_get_type(ask);
  if (type == FDISK_ASKTYPE_WARN || type == FDISK_ASKTYPE_WARNX) {
    const char* message = fdisk_ask_print_get_mesg(ask);
    static_cast<std::vector<std::string>*>(data)->emplace_back(message == nullptr ? "" : message);
    return 0;
  }
  return type == FDISK_ASKTYPE_INFO ? 0 : -EINVAL;
}
}

// A disk opened by libfdisk. The messages live as long as the context that fills them.
struct Disk {
  std::unique_ptr<std::vector<std::string>> messages = std::make_unique<std::vector<std::string>>();
  Context context;

  std::string said() const {
    std::string text;
    for (const std::string& message : *messages) text += (text.empty() ? "" : "; ") + message;
    return text.empty() ? "no partition table" : text;
  }
  std::uint64_t sector_size() const { return fdisk_get_sector_size(context.get()); }
};

std::unexpected<Error> fail_fdisk(const Disk& disk, int status, std::string_view what) {
  Error reason = errno_error(-status, "{}", what);
  if (!disk.messages->empty()) reason.message += std::format(" ({})", disk.said());
  return fail(std::move(reason));
}

Result<Disk> open_disk(const sys::Path& path, bool read_only) {
  Disk disk;
  disk.context.reset(fdisk_new_context());
  if (!disk.context) return fail(ErrorCode::internal, "libfdisk gave no context");
  fdisk_context* context = disk.context.get();
  fdisk_set_ask(context, collect_message, disk.messages.get());
  const int status = fdisk_assign_device(context, path.c_str(), read_only ? 1 : 0);
  if (status < 0) return fail_fdisk(disk, status, std::format("opening {}", path.native()));
  return disk;
}

Result<Disk> open_gpt(const sys::Path& path, bool read_only) {
  Disk disk = TRY(open_disk(path, read_only));
  if (fdisk_is_labeltype(disk.context.get(), FDISK_DISKLABEL_GPT) == 0) {
    return fail(ErrorCode::data_loss, "{} has no usable GUID partition table: {}", path.native(), disk.said());
  }
  return disk;
}

Result<Partition> read_partition(const Disk& disk, fdisk_partition* entry) {
  Partition partition;
  const std::size_t index = fdisk_partition_get_partno(entry);
  const std::uint64_t sector = disk.sector_size();
  partition.number = static_cast<unsigned>(index) + 1;
  partition.start = fdisk_partition_get_start(entry) * sector;
  partition.size = fdisk_partition_get_size(entry) * sector;
  const char* type = fdisk_parttype_get_string(fdisk_partition_get_type(entry));
  const char* uuid = fdisk_partition_get_uuid(entry);
  const char* label = fdisk_partition_get_name(entry);
  partition.type = TRY_CTX(PartitionUuid::parse(type == nullptr ? "" : type), "type of partition {}", partition.number);
  partition.uuid = TRY_CTX(PartitionUuid::parse(uuid == nullptr ? "" : uuid), "UUID of partition {}", partition.number);
  partition.label = label == nullptr ? "" : label;
  const int status = fdisk_gpt_get_partition_attrs(disk.context.get(), index, &partition.attributes);
  if (status < 0) return fail_fdisk(disk, status, std::format("reading attributes of partition {}", partition.number));
  return partition;
}

Result<Table> read_partitions(const Disk& disk) {
  Table result;
  char* id = nullptr;
  if (const int status = fdisk_get_disklabel_id(disk.context.get(), &id); status < 0)
    return fail_fdisk(disk, status, "reading the disk's UUID");
  const CString owner(id);
  result.disk = TRY(PartitionUuid::parse(id));
  fdisk_table* raw = nullptr;
  if (const int status = fdisk_get_partitions(disk.context.get(), &raw); status < 0)
    return fail_fdisk(disk, status, "reading partitions");
  const TableHandle table(raw);
  for (std::size_t i = 0; i < fdisk_table_get_nents(raw); ++i) {
    Partition partition = TRY(read_partition(disk, fdisk_table_get_partition(raw, i)));
    result.partitions.push_back(std::move(partition));
  }
  std::ranges::sort(result.partitions, {}, &Partition::number);
  return result;
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

// The partition entries that the header at `offset` points to (UEFI 2.10, 5.3.2).
Result<std::vector<std::byte>> read_entries(int fd, std::uint64_t offset, std::uint64_t sector) {
  static constexpr std::uint64_t kEntriesLimit = std::uint64_t{1} << 20U;
  std::array<std::byte, 92> header{};
  TRY(sys::read_exactly_at(fd, header, offset));
  const std::span bytes(header);
  const std::uint64_t count = little_endian(bytes.subspan(80, 4));
  const std::uint64_t entry_size = little_endian(bytes.subspan(84, 4));
  if (count * entry_size > kEntriesLimit)
    return fail(ErrorCode::data_loss, "partition entries of {} bytes", count * entry_size);
  std::vector<std::byte> entries(static_cast<std::size_t>(count * entry_size));
  TRY(sys::read_exactly_at(fd, entries, little_endian(bytes.subspan(72, 8)) * sector));
  return entries;
}

// libfdisk checks both headers but only the primary's entries. Otherwise a damaged copy would be found only when it is
// needed.
Result<> compare_entries(const sys::Path& path, std::uint64_t disk_size, std::uint64_t sector,
                         std::vector<std::string>& findings) {
  const sys::UniqueFd fd = TRY(sys::open_file(path, O_RDONLY));
  const auto primary = read_entries(fd.get(), sector, sector);
  const auto backup = read_entries(fd.get(), disk_size - sector, sector);
  if (!primary || !backup || *primary != *backup)
    findings.emplace_back("the partition entries of the primary and the backup table differ");
  return {};
}

Result<TypeHandle> find_type(const Disk& disk, const PartitionUuid& type) {
  TypeHandle handle(fdisk_label_parse_parttype(fdisk_get_label(disk.context.get(), nullptr), type.to_string().c_str()));
  if (!handle) return fail(ErrorCode::internal, "libfdisk refuses partition type {}", type.to_string());
  return handle;
}

Result<PartitionHandle> describe(const Disk& disk, const Partition& partition) {
  PartitionHandle entry(fdisk_new_partition());
  const TypeHandle type = TRY(find_type(disk, partition.type));
  fdisk_partition_set_type(entry.get(), type.get());
  fdisk_partition_set_uuid(entry.get(), partition.uuid.to_string().c_str());
  fdisk_partition_set_name(entry.get(), partition.label.c_str());
  return entry;
}

Result<> add_partition(Disk& disk, const Partition& partition) {
  const std::uint64_t sector = disk.sector_size();
  if (partition.start % sector != 0 || partition.size % sector != 0 || partition.size == 0 || partition.number == 0) {
    return fail(ErrorCode::internal, "partition {} is not made of whole sectors", partition.number);
  }
  const PartitionHandle entry = TRY(describe(disk, partition));
  fdisk_partition_set_partno(entry.get(), partition.number - 1);
  fdisk_partition_set_start(entry.get(), partition.start / sector);
  fdisk_partition_set_size(entry.get(), partition.size / sector);
  fdisk_partition_size_explicit(entry.get(), 1);
  std::size_t index = 0;
  int status = fdisk_add_partition(disk.context.get(), entry.get(), &index);
  if (status == 0) status = fdisk_gpt_set_partition_attrs(disk.context.get(), index, partition.attributes);
  if (status < 0)
    return fail_fdisk(disk, status, std::format("adding partition {} ({})", partition.number, partition.label));
  return {};
}

Result<> write_label(Disk& disk, const sys::Path& path) {
  if (const int status = fdisk_write_disklabel(disk.context.get()); status < 0) {
    return fail_fdisk(disk, status, std::format("writing the partition table of {}", path.native()));
  }
  // Without the fsync of libfdisk: the caller knows when everything is in place.
  if (const int status = fdisk_deassign_device(disk.context.get(), 1); status < 0)
    return fail_fdisk(disk, status, std::format("closing {}", path.native()));
  return {};
}

}  // namespace

const Partition* Table::find(unsigned number) const {
  const auto found = std::ranges::find(partitions, number, &Partition::number);
  return found == partitions.end() ? nullptr : &*found;
}

Result<TableReading> read_table(const sys::Path& disk) {
  Disk opened = TRY(open_gpt(disk, true));
  TableReading reading;
  reading.sector_size = static_cast<std::uint32_t>(opened.sector_size());
  reading.disk_size = fdisk_get_nsectors(opened.context.get()) * opened.sector_size();
  reading.table = TRY_CTX(read_partitions(opened), "reading the partition table of {}", disk.native());
  const int errors = fdisk_verify_disklabel(opened.context.get());
  reading.findings = std::move(*opened.messages);
  if (errors != 0 && reading.findings.empty())
    reading.findings.emplace_back("libfdisk finds the partition table inconsistent");
  TRY(compare_entries(disk, reading.disk_size, reading.sector_size, reading.findings));
  return reading;
}

Result<> write_table(const sys::Path& disk, const Table& table) {
  Disk opened = TRY(open_disk(disk, false));
  fdisk_context* context = opened.context.get();
  int status = fdisk_create_disklabel(context, "gpt");
  if (status == 0) status = fdisk_set_disklabel_id_from_string(context, table.disk.to_string().c_str());
  if (status < 0) return fail_fdisk(opened, status, std::format("creating a partition table on {}", disk.native()));
  for (const Partition& partition : table.partitions) TRY(add_partition(opened, partition));
  return write_label(opened, disk);
}

Result<> update_partitions(const sys::Path& disk, std::span<const Partition> partitions) {
  Disk opened = TRY(open_gpt(disk, false));
  const Table before = TRY(read_partitions(opened));
  for (const Partition& wanted : partitions) {
    const Partition* there = before.find(wanted.number);
    if (there == nullptr || there->start != wanted.start || there->size != wanted.size) {
      return fail(ErrorCode::failed_precondition, "{} has no partition {} of {} bytes at {}", disk.native(),
                  wanted.number, wanted.size, wanted.start);
    }
    const PartitionHandle entry = TRY(describe(opened, wanted));
    int status = fdisk_set_partition(opened.context.get(), wanted.number - 1, entry.get());
    if (status == 0) status = fdisk_gpt_set_partition_attrs(opened.context.get(), wanted.number - 1, wanted.attributes);
    if (status < 0) return fail_fdisk(opened, status, std::format("changing partition {}", wanted.number));
  }
  return write_label(opened, disk);
}

}  // namespace bulkhead::gpt
