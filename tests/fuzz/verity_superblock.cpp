#include <cstdint>
#include <cstdlib>

#include "lib/verity/superblock.hpp"

// Whatever is accepted has sizes that can be calculated with.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto block = bulkhead::verity::parse_superblock(std::as_bytes(std::span(data, size)));
  if (!block) return 0;
  if (block->data_size() / block->data_block_size != block->data_blocks || block->hash_start_block() == 0) std::abort();
  return 0;
}
