#include <cstddef>
#include <cstdint>

#include "lib/base/hex.hpp"
#include "os-builder/rootfs/layer_store.hpp"

// What is read is written the same way again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::rootfs;
  const auto tree = parse_layer_index(bulkhead::as_text(std::as_bytes(std::span(data, size))), "/files");
  if (!tree) return 0;
  const auto again = parse_layer_index(write_layer_index(*tree), "/files");
  if (!again || again->digest() != tree->digest()) __builtin_trap();
  return 0;
}
