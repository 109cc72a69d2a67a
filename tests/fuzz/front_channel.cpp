// What a front that was taken over sends to the daemon, and what a daemon sends to its front: each input is one frame,
// read in both directions. What is read is what is written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "api-server/channel/messages.hpp"

using namespace bulkhead;

namespace {

void same(const std::string& written, std::span<const char> frame) {
  if (!std::ranges::equal(std::span(written).subspan(channel::kLengthSize), frame)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const char> frame(reinterpret_cast<const char*>(data), size);
  if (const auto message = channel::decode_from_front(frame)) same(channel::encode(*message), frame);
  if (const auto message = channel::decode_to_front(frame)) same(channel::encode(*message), frame);
  return 0;
}
