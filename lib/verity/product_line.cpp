#include "lib/verity/product_line.hpp"

#include <algorithm>

#include "lib/base/hex.hpp"

namespace bulkhead::verity {
namespace {

consteval std::array<std::byte, 32> make_salt(std::string_view hex) {
  std::array<std::byte, 32> salt{};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const int digit = hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10;
    salt[i / 2] |= static_cast<std::byte>(i % 2 == 0 ? digit << 4 : digit);
  }
  return salt;
}

}  // namespace

constinit const TreeForm kProductLine = {
    .algorithm = "sha256",
    .data_block_size = 4096,
    .hash_block_size = 4096,
    // SHA-256("bulkhead verity salt")
    .salt = make_salt("b22c7a20ba0f603217f4b12cfe96a1ddd1a7c7249d95336bdc327f4347385b19"),
};

Result<> require_product_line(const Superblock& superblock) {
  const auto refuse = [](std::string_view what, const auto& is, const auto& must_be) {
    return fail(error(ErrorCode::verification_failed, "the hash tree's {} is {}, not {}: this build did not make it",
                      what, is, must_be)
                    .with_hint("write the image to this slot again"));
  };
  if (superblock.algorithm != kProductLine.algorithm)
    return refuse("algorithm", superblock.algorithm, kProductLine.algorithm);
  if (superblock.data_block_size != kProductLine.data_block_size)
    return refuse("size of data blocks", superblock.data_block_size, kProductLine.data_block_size);
  if (superblock.hash_block_size != kProductLine.hash_block_size)
    return refuse("size of hash blocks", superblock.hash_block_size, kProductLine.hash_block_size);
  if (!std::ranges::equal(superblock.salt, kProductLine.salt))
    return refuse("salt", superblock.salt.empty() ? "empty" : to_hex(superblock.salt), to_hex(kProductLine.salt));
  return {};
}

}  // namespace bulkhead::verity
