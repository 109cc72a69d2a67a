// The dm-verity device of the root file system, made with the device mapper's own ioctls: the initrd has no
// libcryptsetup.
#pragma once

#include <string>

#include "lib/base/hex.hpp"
#include "node/init/block_devices.hpp"

namespace bulkhead::init {

struct VerityRoot {
  Sha256 root_hash;
  Partition data;
  Partition hash;
  std::vector<std::byte> pkcs7;  // signature of the root hash; may be empty
};

// Creates and activates the device "root"; from then on a block that does not match makes the kernel panic. Returns its
// node, "/dev/dm-0". Errors: verification_failed for a hash tree that is not in the form of the product line
// (lib/verity/product_line.hpp), and when the first block does not match; permission_denied or not_found
// from the kernel when it wants a signature by a key it knows. On error no device is left behind.
Result<std::string> activate(const VerityRoot& root);

}  // namespace bulkhead::init
