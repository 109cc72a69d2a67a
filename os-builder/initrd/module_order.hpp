// Which kernel modules have to be loaded before which.
//
// The dependencies are read from the modules themselves (.modinfo, "depends="), where depmod reads them too.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::initrd {

// "dm-verity" and "dm_verity" are the same module; this is the second form.
std::string module_name(std::string_view name);
// "kernel/drivers/md/dm-verity.ko.xz" -> "dm_verity"; nothing when the path is not a module's.
std::optional<std::string> module_name_of_path(std::string_view path);

// What an uncompressed module says about itself.
struct ModuleInfo {
  std::vector<std::string> dependencies;  // names
  std::vector<std::string>
      aliases;  // patterns of the devices it drives, "virtio:d00000002v*", and other names it goes by

  bool operator==(const ModuleInfo&) const = default;
};

// Errors: data_loss for anything that is not an ELF file with .modinfo.
Result<ModuleInfo> read_module_info(std::span<const std::byte> module);

// Those of the aliases by which a device of a bus is told that the initrd looks at: PCI, virtio, SCSI.
std::vector<std::string> device_patterns(const ModuleInfo& info);

// Names of modules.builtin.
std::set<std::string> parse_builtin(std::string_view text);

// Dependencies of a module that exists as a file; nothing when it does not.
using Dependencies = std::function<Result<std::optional<std::vector<std::string>>>(const std::string& name)>;

// `wanted` with everything it needs, dependencies first, otherwise in the given order; built-in ones are left out.
// Errors: not_found for a module that does not exist, data_loss for a cycle.
Result<std::vector<std::string>> loading_order(std::span<const std::string> wanted,
                                               const std::set<std::string>& builtin, const Dependencies& dependencies);

}  // namespace bulkhead::initrd
