// The owner's keys. Secure Boot's PK, KEK and db, and the key that signs root hashes; the certificate of the last one
// is enrolled in db too, because the kernel looks for it in its platform keyring
// (DM_VERITY_VERIFY_ROOTHASH_SIG_PLATFORM_KEYRING).
#pragma once

#include <string>
#include <tuple>

#include "lib/base/hex.hpp"
#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/stage/fields.hpp"

namespace bulkhead::keys {

struct KeyPair {
  sys::Path certificate;  // PEM file
  // PEM file, or a PKCS#11 URI (RFC 7512): pkcs11:token=…;object=…;type=private?pin-source=file:…&module-path=…
  // Never with a pin-value, which the process list would show while osslsigncode runs.
  std::string key;

  // Of the certificate, which stands for the key: a new key has a new certificate.
  Result<Sha256> digest() const;
};

struct KeySet {
  KeyPair platform_key;      // PK
  KeyPair key_exchange_key;  // KEK
  KeyPair signature_db;      // db: signs systemd-boot and UKIs
  KeyPair root_hash;         // signs root hashes

  static constexpr std::tuple kFields = {
      stage::Field{"platform key", &KeySet::platform_key}, stage::Field{"key exchange key", &KeySet::key_exchange_key},
      stage::Field{"signature db", &KeySet::signature_db}, stage::Field{"root hash", &KeySet::root_hash}};
};

// Writes pk, kek, db, root-hash as NAME.key (0600) and NAME.pem below `directory` (0700): RSA-3072, self-signed, valid
// from 2020 to `years` from now. `directory` appears with all files or not at all; it must be missing or empty
// (already_exists) and must not lie inside a git checkout (invalid_argument).
Result<KeySet> generate(const sys::Path& directory, const std::string& owner, int years);

// Loads a key directory as generate() writes it; a NAME.uri file holding a PKCS#11 URI stands for NAME.key.
// Errors: not_found (hint: keys generate), permission_denied when a private key is readable by others.
Result<KeySet> load(const sys::Path& directory);

}  // namespace bulkhead::keys
