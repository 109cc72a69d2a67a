#include "tests/support/golden.hpp"

#include <stdlib.h>

#include <format>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::testing {
namespace {

std::string first_difference(std::string_view expected, std::string_view actual) {
  const auto left = split(expected, '\n');
  const auto right = split(actual, '\n');
  for (std::size_t i = 0;; ++i) {
    const std::string_view want = i < left.size() ? left[i] : "(end of file)";
    const std::string_view have = i < right.size() ? right[i] : "(end of file)";
    if (want != have) return std::format("line {}:\n  accepted: {}\n  now:      {}", i + 1, want, have);
    if (i >= left.size() && i >= right.size()) return "only line ends differ";
  }
}

}  // namespace

std::string matches_golden(const std::string& name, std::string_view actual) {
  const sys::Path path = sys::Path(BULKHEAD_GOLDEN_DIR) / name;
  const char* accept = ::getenv("BULKHEAD_ACCEPT");  // NOLINT(concurrency-mt-unsafe): tests have one thread here
  if (accept != nullptr && std::string_view(accept) == "1") {
    auto written = sys::create_directories(path.parent_path());
    if (written) written = sys::write_file_atomically(path, actual);
    return written ? "" : written.error().describe();
  }
  const auto expected = sys::read_file(path);
  if (!expected) return expected.error().describe() + " (BULKHEAD_ACCEPT=1 writes it)";
  if (*expected == actual) return "";
  return std::format("{} differs, {} (BULKHEAD_ACCEPT=1 accepts it)", name, first_difference(*expected, actual));
}

}  // namespace bulkhead::testing
