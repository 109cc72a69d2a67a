// The form of every hash tree of ours (docs/formats/disk.md, "A slot"): what the builder writes, and the only one that
// the initrd accepts. Pure.
//
// The root hash decides which data is accepted, but only together with these: it says nothing about the way in which
// it was computed, which stands in the superblock, and nobody has signed that. The number of blocks is not here,
// because it differs between releases: with another one, the root hash names other blocks of the signed tree as data,
// which are hashes and no file system.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/verity/superblock.hpp"

namespace bulkhead::verity {

struct TreeForm {
  std::string_view algorithm;
  std::uint32_t data_block_size = 0;  // bytes
  std::uint32_t hash_block_size = 0;
  // One for the whole product line, so that equal blocks of two releases have equal leaf hashes: an update can copy the
  // blocks that a node has. The salt is public; it only has to be constant.
  std::array<std::byte, 32> salt{};
};
extern const TreeForm kProductLine;

// Errors: verification_failed, for a superblock that says anything else; names what differs.
Result<> require_product_line(const Superblock& superblock);

}  // namespace bulkhead::verity
