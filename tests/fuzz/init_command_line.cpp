#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "node/init/command_line.hpp"

// Whatever is accepted can be printed and read again; the way out of a failure always has a bounded length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::init;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto delay = restart_delay(text);
  if (delay < std::chrono::seconds(0) || delay > std::chrono::hours(1)) std::abort();
  const auto request = parse_command_line(text);
  if (!request) return 0;
  if (PartitionName::parse(request->data.to_string()) != request->data) std::abort();
  if (PartitionName::parse(request->hash.to_string()) != request->hash) std::abort();
  return 0;
}
