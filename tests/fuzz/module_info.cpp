#include <cstdint>

#include "os-builder/initrd/module_order.hpp"

// Kernel modules come from signed packages, and all the same nothing in them may break the builder.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(bulkhead::initrd::read_module_info(std::as_bytes(std::span(data, size))));
  return 0;
}
