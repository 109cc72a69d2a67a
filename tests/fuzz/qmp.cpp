#include "lib/vm/qmp.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(bulkhead::vm::parse_qmp_message({reinterpret_cast<const char*>(data), size}));
  return 0;
}
