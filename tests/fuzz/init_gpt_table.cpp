#include <cstdint>
#include <cstdlib>

#include "node/init/gpt_table.hpp"

// The first half is the header's sector, the rest are entries. Numbers of partitions stay within what the header
// promised.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::init;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto header = parse_gpt_header(bytes.first(std::min<std::size_t>(size, 512)));
  if (!header) return 0;
  const auto entries = parse_gpt_entries(*header, bytes.subspan(std::min<std::size_t>(size, 512)));
  if (!entries) return 0;
  for (const GptEntry& entry : *entries) {
    if (entry.number == 0 || entry.number > header->entry_count) std::abort();
  }
  return 0;
}
