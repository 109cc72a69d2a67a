#include "lib/verity/root_hash_signature.hpp"

#include <cstdint>
#include <cstdlib>

// Whatever is accepted and fits into its partition is written and read back as the same value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  const auto record = verity::parse_root_hash_signature(std::as_bytes(std::span(data, size)));
  if (!record) return 0;
  const auto text = verity::write_root_hash_signature(*record);
  if (text && verity::parse_root_hash_signature(as_bytes(*text)) != *record) std::abort();
  return 0;
}
