#include "os-builder/rootfs/elf.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = bulkhead::rootfs::read_elf(std::as_bytes(std::span(data, size)));
  if (info && info->needed.size() > 1000) __builtin_trap();
  return 0;
}
