#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "os-builder/rootfs/deb.hpp"
#include "os-builder/rootfs/steps.hpp"

// A control file, and a package that may have one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  const auto bytes = std::as_bytes(std::span(data, size));
  static_cast<void>(rootfs::read_control(bytes));
  const auto sources = rootfs::built_using(as_text(bytes));
  if (!sources) return 0;
  if (!std::ranges::is_sorted(*sources)) __builtin_trap();
  for (const auto& source : *sources) {
    if (source.source.empty() || source.version.empty() || source.version.contains(' ')) __builtin_trap();
  }
  return 0;
}
