// Any line is either a record, which is written and read again as the same, or an error; any file opens or fails.
#include <cstdint>
#include <cstdlib>

#include "api-server/datastore/datastore.hpp"
#include "lib/crypto/sha256.hpp"

using namespace bulkhead;
using namespace bulkhead::datastore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // The checksum would keep the search out: here it is made to fit.
  const std::string line = crypto::sha256(text).to_string().substr(0, 16) + " " + text;
  if (const auto base = parse_base(line)) {
    const std::string again = to_line(*base);
    if (parse_base(std::string_view(again).substr(0, again.size() - 1)) != *base) std::abort();
  }
  if (const auto commit = parse_commit(line)) {
    const std::string again = to_line(*commit);
    if (parse_commit(std::string_view(again).substr(0, again.size() - 1)) != *commit) std::abort();
  }
  (void)Datastore::open(std::make_unique<MemoryStorage>(text), [] { return Clock::result_type(); });
  (void)Datastore::open(std::make_unique<MemoryStorage>(to_line(Base{}) + line + "\n"),
                        [] { return Clock::result_type(); });
  return 0;
}
