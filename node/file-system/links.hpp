// Symbolic links on DATA in the places that programs of the node write to as root. Nothing of the node makes links
// there, and who writes the disk offline could turn what these programs clear or write to another directory: containerd
// clears directories below its own that it does not know.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::file_system {

struct RemovedLinks {
  std::size_t count = 0;
  std::vector<std::string> first{};  // where the first kNamedLinks were, below the root
};

inline constexpr std::size_t kNamedLinks = 20;
inline constexpr std::size_t kMostLinks = 10'000;

// Removes them. `root` is an open directory, whose file system need not be mounted anywhere yet. No link is followed,
// and what an entry is, its inode says: the type beside a name in an ext4 directory is nothing but a hint. What belongs
// to containers (/opt, /mnt, the content of layers and volumes) is not looked at. Errors: a directory that cannot be
// read, a link that cannot be removed; failed_precondition: more than kMostLinks. Links before it are gone.
Result<RemovedLinks> remove_links(int root);

}  // namespace bulkhead::file_system
