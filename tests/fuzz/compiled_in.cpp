#include "os-builder/sbom/compiled_in.hpp"

#include <cstddef>
#include <cstdint>

#include "lib/base/hex.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto content = bulkhead::sbom::parse_compiled_in(bulkhead::as_text(std::as_bytes(std::span(data, size))));
  if (!content) return 0;
  for (const auto& [program, packages] : content->programs) {
    for (const std::string& package : packages) {
      if (!content->packages.contains(package)) __builtin_trap();
    }
  }
  return 0;
}
