// Any text is either a variant file or an error with a place.
#include <cstdint>
#include <cstdlib>

#include "os-builder/variant/draft.hpp"

namespace toml = bulkhead::codec::toml;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto table = toml::parse(text, "file");
  if (!table) {
    if (!table.error().message.starts_with("file:")) std::abort();
    return 0;
  }
  (void)bulkhead::variant::inherited(*table, "file");
  bulkhead::variant::Draft draft;
  // Merging a file over itself must work whenever merging it once does, but for removals.
  if (!draft.merge(*table, "file")) return 0;
  (void)draft.merge(*table, "file");
  (void)std::move(draft).finish("file");
  return 0;
}
