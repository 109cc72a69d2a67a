// dm-verity over the root image: hash tree, root hash, signature.
#pragma once

#include <array>

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/keys/key_set.hpp"

namespace bulkhead::seal {

// Product of seal(): the three partitions of a slot as files, and the hash that names them.
struct SealedRoot {
  sys::Path root;       // EROFS image, 4 KiB aligned
  sys::Path verity;     // superblock + hash tree, libcryptsetup's format 1
  sys::Path signature;  // JSON of the Discoverable Partitions Specification, padded with NUL to 16 KiB
  Sha256 root_hash;
};

// One salt for the whole product line, so that equal blocks of two releases have equal leaf hashes and the updater can
// find them (docs/architecture.md D9). It is public; it only has to be constant.
extern const std::array<std::byte, 32> kSalt;

// Writes `directory`/root.verity and root.verity-sig for the image at `root`. Deterministic.
Result<SealedRoot> seal(const sys::Path& root, const keys::KeySet& keys, const sys::Path& directory);

}  // namespace bulkhead::seal
