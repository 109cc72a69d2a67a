// parse_spdx() reads an SBOM that comes beside an image from anywhere.
#include "os-builder/sbom/spdx.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)bulkhead::sbom::parse_spdx({reinterpret_cast<const char*>(data), size});
  return 0;
}
