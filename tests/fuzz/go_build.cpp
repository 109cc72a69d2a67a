#include "os-builder/sbom/go_build.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto build = bulkhead::sbom::read_go_build(std::as_bytes(std::span(data, size)));
  if (build && *build && (!(*build)->go_version.starts_with("go") || (*build)->modules.size() > 10'000))
    __builtin_trap();
  return 0;
}
