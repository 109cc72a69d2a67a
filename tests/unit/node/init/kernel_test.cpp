#include "node/init/kernel.hpp"

#include <catch2/catch_test_macros.hpp>

using bulkhead::init::memory_reserve;

TEST_CASE("the kernel's reserve is a 256th of the memory, within limits") {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  CHECK(memory_reserve(512 * kMiB) == 8 * kMiB);
  CHECK(memory_reserve(2048 * kMiB) == 8 * kMiB);
  CHECK(memory_reserve(16384 * kMiB) == 64 * kMiB);
  CHECK(memory_reserve(1024 * 1024 * kMiB) == 1024 * kMiB);
}
