#include "os-builder/rootfs/deb.hpp"

#include <cstddef>
#include <cstdint>

// A package from outside is unpacked into memory; whatever its bytes are, every path of the tree is inside it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::rootfs;
  const DebLimits limits{.entries = 100, .path_bytes = 256, .file_bytes = 1 << 20, .total_bytes = 1 << 22};
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto tree = read_deb(bytes, limits, [](std::string_view content) -> bulkhead::Result<Content> {
    return Content::of(std::string(content));
  });
  if (tree) {
    for (const auto& [path, entry] : tree->entries()) {
      if (!path.starts_with('/') || path.contains("/../") || path.ends_with("/..")) __builtin_trap();
    }
  }
  (void)decompress_xz(bytes, 1 << 20);
  return 0;
}
