#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "node/init/uevent.hpp"

// The name of an accepted device stays below /dev.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::init;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(announces_device(text));
  const auto device = parse_block_uevent(text);
  if (device && (device->name.empty() || device->name.find_first_of("/.") != std::string::npos)) std::abort();
  return 0;
}
