// Strings that whoever defines a virtual machine puts into its SMBIOS tables: "OEM Strings", structures of type 11
// (SMBIOS reference specification, DMTF DSP0134, 6.1.3 and 7.12).
//
// systemd imports credentials from them, which its programs obey; on a node it does not
// (systemd.import_credentials=no), and this program takes the one that is meant for it, in systemd's notation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::collect {

// The structure table, as Linux shows it.
inline constexpr std::string_view kSmbiosTable = "/sys/firmware/dmi/tables/DMI";
inline constexpr std::size_t kLargestSmbiosTable = std::size_t{16} << 20U;

// Of all structures of type 11, in their order. A damaged table ends where it is damaged.
std::vector<std::string> oem_strings(std::string_view table);

// The value of "io.systemd.credential:NAME=TEXT" or "io.systemd.credential.binary:NAME=BASE64". Errors:
// invalid_argument for text that is not base64, and when there are two.
Result<std::optional<std::string>> credential(const std::vector<std::string>& strings, std::string_view name);

}  // namespace bulkhead::collect
