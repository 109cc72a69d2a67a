// dm-verity over the root image: hash tree, root hash, signature.
#pragma once

#include "lib/base/hex.hpp"
#include "lib/sys/file.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::seal {

struct SealInputs {
  stage::Product root;  // EROFS image, 4 KiB aligned
  keys::KeyPair key;    // signs the root hash

  static constexpr std::tuple kFields = {stage::Field{"root", &SealInputs::root},
                                         stage::Field{"key", &SealInputs::key}};
};

// Product of seal(): the three partitions of a slot as files, and the hash that names them.
struct SealedRoot {
  sys::Path root;       // SealInputs::root
  sys::Path verity;     // superblock + hash tree, libcryptsetup's format 1
  sys::Path signature;  // JSON of the Discoverable Partitions Specification, padded with NUL to 16 KiB
  Sha256 root_hash;

  // Of the root hash, which decides root image and hash tree, and of the signature's content.
  Result<Sha256> digest() const;
};

// Writes root.verity, root.verity-sig and root-hash into `directory`. Deterministic.
Result<SealedRoot> seal(const SealInputs& inputs, const sys::Path& directory);

// What seal() has written into `directory` for the image at `root`.
Result<SealedRoot> read_sealed(const sys::Path& root, const sys::Path& directory);

}  // namespace bulkhead::seal
