// The root image: an EROFS file system made of a tree by mkfs.erofs, the only tool this folder runs.
#pragma once

#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::erofs {

struct ErofsOptions {
  std::string compression;         // as mkfs.erofs -z takes it; empty: none
  std::uint32_t cluster_size = 0;  // bytes; 0: the tool's default
  std::int64_t epoch = 0;          // every time stamp in the image
};

// Name and version of the tool, for the digest of the stage's inputs and the manifest ("mkfs.erofs 1.8.6").
Result<std::string> tool_version();

// Writes the image to `output` (which must not exist), a multiple of 4 KiB long. The same tree and options give the
// same bytes.
Result<> build(const rootfs::Tree& tree, const ErofsOptions& options, const sys::Path& output);

}  // namespace bulkhead::erofs
