// Files that put the owner's keys into a firmware's variables.
#pragma once

#include "os-builder/keys/key_set.hpp"

namespace bulkhead::keys {

// Writes PK.auth, KEK.auth and db.auth into `directory`: EFI_VARIABLE_AUTHENTICATION_2 (UEFI specification, 8.2.2) around EFI signature
// lists. db holds the db certificate and the root-hash certificate. Time stamp `epoch`, owner GUID derived from PK: deterministic.
Result<> write_enrolment(const KeySet& keys, std::int64_t epoch, const sys::Path& directory);

}  // namespace bulkhead::keys
