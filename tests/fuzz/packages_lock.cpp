// Any text is either a lock that is written back to the same value, or an error.
#include <cstdint>
#include <cstdlib>

#include "os-builder/packages/package_set.hpp"

namespace packages = bulkhead::packages;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto set = packages::parse_lock({reinterpret_cast<const char*>(data), size}, "lock");
  if (!set) return 0;
  const auto again = packages::parse_lock(packages::write_lock(*set), "lock");
  if (!again || *again != *set) std::abort();
  return 0;
}
