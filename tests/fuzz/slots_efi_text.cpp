#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "lib/slots/efi_text.hpp"
#include "lib/slots/running_slot.hpp"

// Texts are printable, and whatever they say, there is an explanation that can be printed too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::slots;
  auto texts = parse_efi_texts(std::as_bytes(std::span(data, size)));
  if (!texts) return 0;
  for (const std::string& text : *texts) {
    if (!std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; })) std::abort();
  }
  Evidence evidence{
      .version = {}, .root_partition = 2, .boot_loader = true, .count_path = {}, .entries = *std::move(texts)};
  if (describe(explain(evidence)).empty()) std::abort();
  if (!evidence.entries.empty()) evidence.count_path = evidence.entries.front();
  if (describe(explain(evidence)).empty()) std::abort();
  return 0;
}
