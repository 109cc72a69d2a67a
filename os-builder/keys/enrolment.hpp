// What firmware needs to trust the owner's keys: the content of the Secure Boot variables PK, KEK and db, as plain
// signature lists and as authenticated variables (UEFI 2.10, sections 32.4.1 and 8.2.2).
#pragma once

#include <cstdint>
#include <string>

#include "lib/gpt/partition_uuid.hpp"
#include "os-builder/keys/key_set.hpp"

namespace bulkhead::keys {

struct Variable {
  std::string name;           // "PK", "KEK", "db"
  std::string list;           // EFI_SIGNATURE_LISTs: an .esl file
  std::string authenticated;  // EFI_VARIABLE_AUTHENTICATION_2 and the lists: an .auth file
};

struct Enrolment {
  gpt::PartitionUuid owner;   // SignatureOwner of every entry; derived from the PK certificate
  Variable platform_key;      // signed by PK
  Variable key_exchange_key;  // signed by PK
  Variable signature_db;      // db's and the root hash key's certificate, signed by KEK
};

// Deterministic: the time in the variables is `epoch` (seconds, year 1970 to 9999).
Result<Enrolment> make_enrolment(const KeySet& keys, std::int64_t epoch);

// Writes make_enrolment()'s variables into `directory`, which exists: PK.auth, KEK.auth, db.auth for systemd-boot and
// firmware, and the same lists unsigned as PK.esl, KEK.esl, db.esl.
Result<> write_enrolment(const KeySet& keys, std::int64_t epoch, const sys::Path& directory);

}  // namespace bulkhead::keys
