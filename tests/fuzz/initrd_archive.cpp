#include <cstddef>
#include <cstdint>

#include "os-builder/initrd/read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto files = bulkhead::initrd::read_archive(std::as_bytes(std::span(data, size)));
  if (files && files->size() > 10'000) __builtin_trap();
  return 0;
}
