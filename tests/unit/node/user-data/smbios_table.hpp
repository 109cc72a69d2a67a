// SMBIOS structures as firmware makes them.
#pragma once

#include <string>
#include <vector>

namespace bulkhead::testing {

inline std::string smbios_structure(unsigned char type, const std::vector<std::string>& strings) {
  std::string bytes{static_cast<char>(type), '\x05', '\0', '\0', static_cast<char>(strings.size())};
  for (const std::string& string : strings) bytes += string + '\0';
  if (strings.empty()) bytes += '\0';
  return bytes + '\0';
}

inline std::string smbios_table(const std::string& oem_string) {
  return smbios_structure(1, {"QEMU"}) + smbios_structure(11, {oem_string}) + smbios_structure(127, {});
}

}  // namespace bulkhead::testing
