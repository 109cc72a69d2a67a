// parse_metadata() reads root images from anywhere.
#include <cstdint>
#include <span>

#include "os-builder/erofs/read.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)bulkhead::erofs::parse_metadata(std::as_bytes(std::span(data, size)));
  return 0;
}
