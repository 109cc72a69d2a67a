#include "os-builder/keys/uefi_data.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto variables =
      bulkhead::keys::read_uefi_data(bulkhead::as_text(std::as_bytes(std::span(data, size))), "PKKEKdb");
  if (variables && variables->size() > 100) __builtin_trap();
  return 0;
}
