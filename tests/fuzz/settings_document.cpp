// Any JSON is either a document of settings, which survives being read, written, flattened and rebuilt, or an error.
#include <cstdint>
#include <cstdlib>

#include "lib/codec/json.hpp"
#include "lib/settings/settings.hpp"

using namespace bulkhead::settings;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Json document = bulkhead::codec::parse_json({reinterpret_cast<const char*>(data), size}).value_or(Json());
  const auto settings = Settings::from_json(document);
  if (!settings) {
    if (settings.error().message.empty()) std::abort();
    return 0;
  }
  const Json written = settings->to_json();
  if (!check(written, Settings::shape())) std::abort();
  if (Settings::from_json(written)->to_json() != written) std::abort();
  if (unflat(flat(written, Settings::shape())) != written) std::abort();
  if (merged(written, written) != written) std::abort();
  (void)redacted(document, Settings::shape());
  return 0;
}
