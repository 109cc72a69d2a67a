// The kernel's information about devices: the "uevent" files of sysfs and the messages of NETLINK_KOBJECT_UEVENT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::init {

struct BlockDevice {
  std::string name;  // below /dev: "vda2", "nvme0n1p2"
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  bool is_partition = false;
  std::uint32_t partition_number = 0;  // 0 for a whole disk

  // "254:2", as the device mapper and sysfs write it.
  std::string number() const;

  bool operator==(const BlockDevice&) const = default;
};

// Content of /sys/class/block/*/uevent: lines "KEY=value". Errors: invalid_argument when it is not a block device's.
Result<BlockDevice> parse_block_uevent(std::string_view text);

// Whether a netlink message announces a disk, a partition, or a device that may lead to one: "add@/devices/…", NUL,
// "KEY=value", NUL, … Anything malformed does not.
bool announces_device(std::string_view message);

}  // namespace bulkhead::init
