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

namespace bulkhead::collect {

struct ConfigDisk {
  sys::Path device;
  std::string type;   // "vfat", "iso9660"
  std::string label;  // as written
  // Tells it from other disks: the type and UUID (vfat: serial number) of its file system, and what the hardware says
  // about itself, if anything. Empty when the file system has no UUID. Not a secret: who can read the disk can copy it.
  std::string identity;
};

// Every block device with such a file system, in the order of their names. Devices that cannot be read (drives without
// a medium) are skipped. `classes` is /sys/class/block, `devices` is /dev.
Result<std::vector<ConfigDisk>> find_config_disks(const sys::Path& classes, const sys::Path& devices);

// The one with this label (in lower case; on the disk it may have any). Errors: failed_precondition when there are
// several, also when one is a partition of the other: nothing says which of them the owner means.
Result<std::optional<ConfigDisk>> only_disk(const std::vector<ConfigDisk>& disks, std::string_view label);

// A file of such a disk; empty when there is no such file. Needs CAP_SYS_ADMIN.
Result<std::optional<std::string>> read_from(const ConfigDisk& disk, const sys::Path& file, std::size_t limit);

}  // namespace bulkhead::collect
