// The largest parts of a root tree.
#pragma once

#include <string>

#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::build {

struct SizeShare {
  std::string origin;       // package, "overlay" or "build"
  std::uint64_t bytes = 0;  // of its regular files, before compression
  std::string biggest_file;
};

// Sorted, largest first.
std::vector<SizeShare> size_shares(const rootfs::Tree& tree);

// failed_precondition when the root image is larger than its slot: says by how much, and which packages are the
// largest.
Result<> check_slot_size(const rootfs::Tree& tree, std::uint64_t image_size, std::uint64_t slot_size);

}  // namespace bulkhead::build
