#include "os-builder/disk/layout.hpp"

#include "lib/base/text.hpp"
#include "lib/gpt/derived_uuid.hpp"

namespace bulkhead::disk {
namespace {

using gpt::PartitionKind;

struct Planned {
  unsigned number;
  PartitionKind kind;
  std::uint64_t size;
  std::string_view label;
};

// A program that discovers partitions by type must not mistake an empty slot for a newer one.
constexpr std::uint64_t kEmptyAttributes = gpt::kAttributeReadOnly | gpt::kAttributeNoAuto;

bool is_signed_content(PartitionKind kind) {
  return kind == PartitionKind::root || kind == PartitionKind::root_verity ||
         kind == PartitionKind::root_verity_signature;
}

std::vector<Planned> planned_partitions(const variant::PartitionSizes& sizes) {
  std::vector<Planned> planned = {{gpt::kEspNumber, PartitionKind::esp, sizes.esp, gpt::kEspLabel}};
  for (const gpt::Slot slot : gpt::kSlots) {
    const gpt::SlotLayout numbers = gpt::slot_layout(slot);
    planned.push_back({numbers.root, PartitionKind::root, sizes.root, gpt::kEmptyLabel});
    planned.push_back({numbers.verity, PartitionKind::root_verity, sizes.verity, gpt::kEmptyLabel});
    planned.push_back(
        {numbers.verity_signature, PartitionKind::root_verity_signature, sizes.verity_signature, gpt::kEmptyLabel});
  }
  return planned;
}

// One name per partition of one disk. The disk's UUID depends on the root hash, so two releases never share a UUID.
gpt::PartitionUuid uuid_on(const gpt::PartitionUuid& disk, unsigned number) {
  return gpt::derived_uuid(std::format("bulkhead disk {} partition {}", disk.to_string(), number));
}

}  // namespace

gpt::Partition empty_partition(gpt::Partition partition, const gpt::PartitionUuid& disk) {
  partition.label = gpt::kEmptyLabel;
  partition.attributes = kEmptyAttributes;
  partition.uuid = uuid_on(disk, partition.number);
  return partition;
}

Result<Layout> plan_layout(const variant::PartitionSizes& sizes, const Version& version, const Sha256& root_hash) {
  Layout layout;
  layout.table.disk = gpt::derived_uuid("bulkhead disk " + root_hash.to_string());
  std::uint64_t next = kAlignment;  // the protective MBR and the primary table are in the first MiB
  for (const Planned& entry : planned_partitions(sizes)) {
    if (entry.size == 0 || entry.size % kAlignment != 0) {
      return fail(ErrorCode::invalid_argument, "partition {} ({}) has {} bytes, which is not a multiple of 1 MiB",
                  entry.number, to_string(entry.kind), entry.size);
    }
    layout.table.partitions.push_back({
        .number = entry.number,
        .type = gpt::type_uuid(entry.kind),
        .uuid = uuid_on(layout.table.disk, entry.number),
        .label = std::string(entry.label),
        .start = next,
        .size = entry.size,
        .attributes = is_signed_content(entry.kind) ? kEmptyAttributes : 0,
    });
    next += entry.size;
  }
  // STATE and DATA are made by the first boot, file systems first and the table's entries last: a power cut in between
  // leaves nothing that looks made. The image only has room for them, so that it starts as it is, without being grown.
  layout.rooms = {
      {.number = gpt::kStateNumber, .label = std::string(gpt::kStateLabel), .size = sizes.state, .grows = false},
      {.number = gpt::kDataNumber, .label = std::string(gpt::kDataLabel), .size = sizes.data, .grows = true}};
  for (const Room& room : layout.rooms) {
    if (room.size % kAlignment != 0) {
      return fail(ErrorCode::invalid_argument, "room of {} bytes for partition {} ({}): a multiple of 1 MiB is needed",
                  room.size, room.number, room.label);
    }
    next += room.size;
  }
  layout.disk_size = next + kAlignment;  // the backup table
  auto slot = TRY(named_slot(layout.table, gpt::Slot::a, version, root_hash));
  for (gpt::Partition& named : slot) {
    layout.table.partitions[named.number - 1] = std::move(named);
  }
  return layout;
}

Result<std::vector<gpt::Partition>> named_slot(const gpt::Table& table, gpt::Slot slot, const Version& version,
                                               const Sha256& root_hash) {
  const gpt::SlotLayout numbers = gpt::slot_layout(slot);
  const gpt::SlotLabels labels = TRY(gpt::slot_labels(version));
  const gpt::Partition* root = table.find(numbers.root);
  const gpt::Partition* verity = table.find(numbers.verity);
  const gpt::Partition* signature = table.find(numbers.verity_signature);
  if (root == nullptr || verity == nullptr || signature == nullptr) {
    return fail(ErrorCode::failed_precondition, "the disk has no slot {}", to_string(slot));
  }
  std::vector<gpt::Partition> named = {*root, *verity, *signature};
  for (gpt::Partition& partition : named) partition.attributes = gpt::kAttributeReadOnly;
  named[0].label = labels.root;
  named[0].uuid = gpt::root_partition_uuid(root_hash);
  named[1].label = labels.verity;
  named[1].uuid = gpt::verity_partition_uuid(root_hash);
  named[2].label = labels.verity_signature;
  named[2].uuid = gpt::verity_signature_partition_uuid(root_hash);
  return named;
}

Result<> check_fit(const sys::Path& file, const gpt::Partition& partition, std::string_view what) {
  const std::uint64_t size = TRY(sys::file_size(file));
  if (size <= partition.size) return {};
  return fail(error(ErrorCode::failed_precondition, "{} needs {}, which is {} more than its partition of {}", what,
                    format_bytes(size), format_bytes(size - partition.size), format_bytes(partition.size))
                  .with_hint("make the image smaller, or raise the size in [partitions] of the variant"));
}

}  // namespace bulkhead::disk
