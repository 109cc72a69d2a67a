// A root image read back from its bytes. Names, modes, owners, symlinks and extended attributes are parsed here,
// because no tool prints all of them; the content of files, which is mostly compressed, is taken out by fsck.erofs.
#pragma once

#include <span>

#include "lib/sys/temp_dir.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::erofs {

// The tree of an image without the content of its files: a regular file has its size, a zero digest and no source.
// Reads untrusted bytes: every name is a plain component, every directory has one parent, and nothing outside `image`
// is looked at. Errors: data_loss. Current limits: one device, no chunk-based or long-prefixed data, which mkfs.erofs
// writes only when asked; 1,000,000 entries, 64 levels; device files, sockets and pipes are refused, because a Tree has
// none.
Result<rootfs::Tree> parse_metadata(std::span<const std::byte> image);

// Content paths of the tree lie in `extracted`.
struct RootImage {
  sys::TempDir extracted;  // below $TMPDIR
  rootfs::Tree tree;
};

// Reads the whole image, which fsck.erofs checks on the way. Errors: data_loss.
Result<RootImage> read_image(const sys::Path& image);

}  // namespace bulkhead::erofs
