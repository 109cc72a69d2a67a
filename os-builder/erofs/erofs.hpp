// The root image: an EROFS file system made of a tree by mkfs.erofs, the only tool this folder runs.
#pragma once

#include "os-builder/rootfs/tree.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::erofs {

struct RootImageInputs {
  const rootfs::Tree* tree = nullptr;  // not owned
  std::string compression;             // as mkfs.erofs -z takes it; empty: none
  std::uint32_t cluster_size = 0;      // bytes; 0: the tool's default
  std::int64_t epoch = 0;              // every time stamp in the image

  static constexpr std::tuple kFields = {
      stage::Field{"tree", &RootImageInputs::tree}, stage::Field{"compression", &RootImageInputs::compression},
      stage::Field{"cluster size", &RootImageInputs::cluster_size}, stage::Field{"epoch", &RootImageInputs::epoch}};
};

// "mkfs.erofs 1.8.6"
Result<std::string> tool_version();

// Writes the image to `output` (which must not exist), a multiple of 4 KiB long. Deterministic.
Result<> build(const RootImageInputs& inputs, const sys::Path& output);

}  // namespace bulkhead::erofs
