// Any text is either a key, which is written and read again as the same, or an error.
#include <cstdint>
#include <cstdlib>

#include "lib/settings/model.hpp"
#include "lib/settings/settings.hpp"

using namespace bulkhead::settings;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto key = Key::parse({reinterpret_cast<const char*>(data), size});
  if (!key) return 0;
  if (!key->empty() && Key::parse(key->to_string()) != *key) {
    // "settings" in front is dropped, so a key that begins with it is the one that cannot be written back.
    if (key->segments().front() != "settings") std::abort();
  }
  (void)find(Settings::shape(), *key);
  (void)from_text(Settings::shape(), *key, "1");
  return 0;
}
