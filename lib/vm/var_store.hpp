// OVMF's code, and variable stores for it with our own Secure Boot keys enrolled (through virt-fw-vars, package
// python3-virt-firmware).
#pragma once

#include <vector>

#include "lib/vm/machine_spec.hpp"

namespace bulkhead::vm {

// PEM files. The owner GUID of a certificate is derived from its bytes.
struct SecureBootCertificates {
  sys::Path platform_key;
  sys::Path key_exchange_key;
  std::vector<sys::Path> signature_db;

  bool operator==(const SecureBootCertificates&) const = default;
};

// The certificates in a key directory as `os-builder keys generate` writes it: pk.pem, kek.pem, db.pem and
// root-hash.pem, the last two both for db. Private keys are not read. Errors: not_found.
Result<SecureBootCertificates> certificates_in(const sys::Path& key_directory);

// Where Debian and Ubuntu put OVMF.
inline const sys::Path kFirmwareDirectory = "/usr/share/OVMF";

// Writes a new variable store to `target` (replacing an existing file): with these keys enrolled, none of Microsoft's,
// and Secure Boot on. Errors: not_found with a hint when OVMF is missing.
Result<UefiBoot> create_variable_store(const sys::Path& target, const SecureBootCertificates& certificates,
                                       const sys::Path& firmware = kFirmwareDirectory);

// A store without keys, for firmware that starts any program.
Result<UefiBoot> create_empty_variable_store(const sys::Path& target, const sys::Path& firmware = kFirmwareDirectory);

// A store that create_variable_store() made earlier, with the guests' changes.
Result<UefiBoot> existing_variable_store(const sys::Path& store, const sys::Path& firmware = kFirmwareDirectory);

}  // namespace bulkhead::vm
