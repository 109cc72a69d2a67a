#include <catch2/catch_test_macros.hpp>

#include "api-server/journal/journal.hpp"

using namespace bulkhead::journal;

TEST_CASE("since is a time, or how long ago") {
  const Time now = Time(std::chrono::hours(24 * 365 * 50));
  CHECK(parse_since("90s", now).value() == now - std::chrono::seconds(90));
  CHECK(parse_since("2h", now).value() == now - std::chrono::hours(2));
  CHECK(parse_since("1d", now).value() == now - std::chrono::hours(24));
  CHECK(parse_since("1970-01-01T00:00:10Z", now).value() == Time(std::chrono::seconds(10)));
  for (const char* bad :
       {"", "s", "-1s", "1w", "yesterday", "1970-01-01", "1970-01-01T00:00:10Zx", "99999999999999999999s"})
    CHECK_FALSE(parse_since(bad, now));
}
