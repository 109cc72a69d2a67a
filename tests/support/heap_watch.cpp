#include "tests/support/heap_watch.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <new>

namespace {

struct State {
  bool watching = false;
  std::int64_t blocks = 0;
  std::size_t freed_with_secret = 0;
  std::size_t secret_size = 0;
  std::array<char, 64> secret{};
};
State state;

void release(void* block) {
  if (state.watching && block != nullptr) {
    --state.blocks;
    if (::memmem(block, ::malloc_usable_size(block), state.secret.data(), state.secret_size) != nullptr)
      ++state.freed_with_secret;
  }
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  void* const block = std::malloc(std::max<std::size_t>(size, 1));
  if (block == nullptr) throw std::bad_alloc();
  if (state.watching) ++state.blocks;
  return block;
}
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { release(block); }

namespace bulkhead::testing {

HeapWatch::HeapWatch(std::string_view secret) {
  state = {.secret_size = std::min(secret.size(), state.secret.size())};
  std::copy_n(secret.begin(), state.secret_size, state.secret.begin());
  state.watching = true;
}

HeapWatch::~HeapWatch() { state.watching = false; }

std::int64_t HeapWatch::blocks() const { return state.blocks; }
std::size_t HeapWatch::freed_with_secret() const { return state.freed_with_secret; }

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace bulkhead::testing
