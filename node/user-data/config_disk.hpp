// Disks with user data: found by the label of their file system, never by a link that others could have made.
//
// The disk's content is not trusted: libblkid reads the label, and the kernel mounts only vfat and iso9660, read-only,
// nosuid, nodev, noexec and without symbolic links, on a detached mount that ends with its descriptor.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::user_data {

struct ConfigDisk {
  sys::Path device;
  std::string type;   // "vfat", "iso9660"
  std::string label;  // as written
};

// Every block device with such a file system, in the order of their names. Devices that cannot be read (drives without
// a medium) are skipped. `classes` is /sys/class/block, `devices` is /dev.
Result<std::vector<ConfigDisk>> find_config_disks(const sys::Path& classes, const sys::Path& devices);

// A file of such a disk; empty when there is no such file. Needs CAP_SYS_ADMIN.
Result<std::optional<std::string>> read_from(const ConfigDisk& disk, const sys::Path& file, std::size_t limit);

}  // namespace bulkhead::user_data
