// What an error path leaves behind: blocks of the heap that nobody frees, freed ones that still hold a secret, open
// descriptors. Linking it replaces operator new and delete; what C libraries allocate is not seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::testing {

// One at a time, and without other threads.
class HeapWatch {
 public:
  explicit HeapWatch(std::string_view secret);  // at most 64 bytes
  ~HeapWatch();
  HeapWatch(const HeapWatch&) = delete;
  HeapWatch& operator=(const HeapWatch&) = delete;

  std::int64_t blocks() const;  // more of them than at the beginning
  std::size_t freed_with_secret() const;
};

inline constexpr std::string_view kPrivateKeyText = "-----BEGIN PRIVATE KEY-----";

std::size_t open_descriptors();

}  // namespace bulkhead::testing
