// uefi-data: the Secure Boot variables of a new instance on EC2 (UefiData of RegisterImage), as awslabs'
// python-uefivars writes and reads it, and python3-virt-firmware (virt-fw-vars) too.
//
// Base64 of: "AMZNUEFI", CRC-32C of everything behind it, version 0, and a zlib stream with a preset dictionary. In the
// stream: the number of variables, and for each its name (UTF-8) and content, both with a 64-bit length in front, its
// vendor's GUID, attributes, and, as they are authenticated variables, the time and a digest of 32 zeros, which stands
// for none. Numbers are little-endian.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "os-builder/keys/enrolment.hpp"

namespace bulkhead::keys {

// The dictionary of version 0, which belongs to the format. It is not a part of this project: Debian's
// python3-virt-firmware has it. Errors: not_found with a hint; data_loss when it is another one.
Result<std::string> uefi_data_dictionary();

// PK, KEK and db of the enrolment: an instance with them starts with Secure Boot on. Deterministic.
Result<std::string> write_uefi_data(const Enrolment& enrolment, std::string_view dictionary);

struct UefiVariable {
  std::string name;
  std::string data;
  std::string vendor;  // 16 bytes
  std::uint32_t attributes = 0;
  std::string time;  // 16 bytes; empty for a variable that is not authenticated

  bool operator==(const UefiVariable&) const = default;
};

// Reads a blob back. Limits: 64 KiB of text, 1 MiB unpacked, 100 variables. Errors: data_loss.
Result<std::vector<UefiVariable>> read_uefi_data(std::string_view text, std::string_view dictionary);

}  // namespace bulkhead::keys
