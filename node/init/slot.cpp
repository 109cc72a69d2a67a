#include "node/init/slot.hpp"

#include <algorithm>

#include "lib/slots/efi_text.hpp"

namespace bulkhead::init {
namespace {

const Partition* find_in(const std::vector<Partition>& partitions, const PartitionName& name) {
  const auto found = std::ranges::find_if(partitions, [&](const Partition& partition) {
    return name.uuid ? partition.uuid == *name.uuid : partition.device.name == name.device;
  });
  return found == partitions.end() ? nullptr : &*found;
}

}  // namespace

Result<gpt::PartitionUuid> parse_esp_variable(std::span<const std::byte> variable) {
  constexpr std::byte kNonVolatile{1};  // UEFI specification, "EFI_VARIABLE_NON_VOLATILE"
  if (!variable.empty() && (variable[0] & kNonVolatile) != std::byte{0})
    return fail(ErrorCode::permission_denied, "it is persistent, so this boot did not set it");
  const auto texts = TRY(slots::parse_efi_texts(variable));
  if (texts.size() != 1) return fail(ErrorCode::invalid_argument, "it must hold exactly one string");
  return gpt::PartitionUuid::parse(texts.front());
}

Result<std::optional<SlotPartitions>> choose_slot(std::span<const std::vector<Partition>> disks,
                                                  const gpt::PartitionUuid& esp, const PartitionName& data,
                                                  const PartitionName& hash) {
  const std::vector<Partition>* started_from = nullptr;
  for (const std::vector<Partition>& disk : disks) {
    if (!std::ranges::contains(disk, esp, &Partition::uuid)) continue;
    if (started_from != nullptr)
      return fail(error(ErrorCode::permission_denied, "{} and {} have the same boot partition {}",
                        started_from->front().disk.name, disk.front().disk.name, esp.to_string())
                      .with_hint("detach the copy"));
    started_from = &disk;
  }
  if (started_from == nullptr) return std::nullopt;
  const Partition* root = find_in(*started_from, data);
  const Partition* tree = find_in(*started_from, hash);
  if (root == nullptr || tree == nullptr) return std::nullopt;
  return SlotPartitions{.data = *root, .hash = *tree, .siblings = *started_from};
}

std::optional<Partition> sibling(const SlotPartitions& slot, unsigned number) {
  const auto found =
      std::ranges::find(slot.siblings, number, [](const Partition& p) { return p.device.partition_number; });
  if (found == slot.siblings.end()) return std::nullopt;
  return *found;
}

}  // namespace bulkhead::init
