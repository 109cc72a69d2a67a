// parse_manifest() reads files that come beside an image from anywhere. What it accepts must read back.
#include "os-builder/sbom/manifest.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = bulkhead::sbom::parse_manifest(text);
  if (!manifest) return 0;
  const auto again = bulkhead::sbom::parse_manifest(bulkhead::sbom::write_manifest(*manifest));
  if (!again || *again != *manifest) std::abort();
  return 0;
}
