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

// Names of the modules that an uncompressed module needs. Errors: data_loss for anything that is not an ELF file with .modinfo.
Result<std::vector<std::string>> read_dependencies(std::span<const std::byte> module);

// Names of modules.builtin.
std::set<std::string> parse_builtin(std::string_view text);

// Dependencies of a module that exists as a file; nothing when it does not.
using Dependencies = std::function<Result<std::optional<std::vector<std::string>>>(const std::string& name)>;

// `wanted` with everything it needs, dependencies first, otherwise in the given order; built-in ones are left out.
// Errors: not_found for a module that does not exist, data_loss for a cycle.
Result<std::vector<std::string>> loading_order(std::span<const std::string> wanted, const std::set<std::string>& builtin,
                                               const Dependencies& dependencies);

}  // namespace bulkhead::initrd
