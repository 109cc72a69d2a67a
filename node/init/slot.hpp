// Which partitions a boot uses: values and decisions over them, for tests; block_devices.hpp reads the disks.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "node/init/partition.hpp"
#include "node/init/uevent.hpp"

namespace bulkhead::init {

struct Partition {
  BlockDevice device;
  BlockDevice disk;
  // From the partition table; zero when the disk has none.
  gpt::PartitionUuid type;
  gpt::PartitionUuid uuid;
};

struct SlotPartitions {
  Partition data;
  Partition hash;
  std::vector<Partition> siblings;  // every partition of the disk that holds `data`, in order of number
};

// The ESP that the UKI was started from, from an EFI variable that systemd-stub makes at each boot (systemd-stub(7),
// StubDevicePartUUID), as efivarfs shows it. Errors: invalid_argument for another content; permission_denied for a
// variable that outlives a boot: then it is not the stub's, which could not replace it.
Result<gpt::PartitionUuid> parse_esp_variable(std::span<const std::byte> variable);

// Both partitions, on the disk with this ESP and on no other, whatever other disks say that they are. Nothing when
// they are not there yet. Errors: permission_denied when two disks have this ESP, which is a copy of the other.
Result<std::optional<SlotPartitions>> choose_slot(std::span<const std::vector<Partition>> disks,
                                                  const gpt::PartitionUuid& esp, const PartitionName& data,
                                                  const PartitionName& hash);

// The partition of the same disk with this number (gpt::kStateNumber, …). udev's rules go by numbers as well.
std::optional<Partition> sibling(const SlotPartitions& slot, unsigned number);

}  // namespace bulkhead::init
