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
// root-hash.pem, the last two both for db. Private keys are not looked at. Errors: not_found.
Result<SecureBootCertificates> certificates_in(const sys::Path& key_directory);

// Where Debian and Ubuntu put OVMF.
inline const sys::Path kFirmwareDirectory = "/usr/share/OVMF";

// Writes a new variable store to `target` (replacing what is there): the keys enrolled, nothing of Microsoft's, Secure
// Boot on. Errors: not_found with a hint when OVMF is missing.
Result<UefiBoot> create_variable_store(const sys::Path& target, const SecureBootCertificates& certificates,
                                       const sys::Path& firmware = kFirmwareDirectory);

// One without keys, for firmware that starts anything.
Result<UefiBoot> create_empty_variable_store(const sys::Path& target, const sys::Path& firmware = kFirmwareDirectory);

// A store that create_variable_store() made earlier, with what guests have written to it since.
Result<UefiBoot> existing_variable_store(const sys::Path& store, const sys::Path& firmware = kFirmwareDirectory);

}  // namespace bulkhead::vm
