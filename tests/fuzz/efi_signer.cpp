// signer_of() reads the signature of programs from anywhere, through the PE parser.
#include <cstdint>
#include <span>

#include "os-builder/inspect/signer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto image = bulkhead::pe::parse(bytes);
  if (image) (void)bulkhead::inspect::signer_of(bytes, *image);
  return 0;
}
