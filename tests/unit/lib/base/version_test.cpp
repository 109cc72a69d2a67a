#include "lib/base/version.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

using namespace bulkhead;

namespace {

Version version(std::string_view text) {
  const auto parsed = Version::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("versions order as Semantic Versioning 2.0.0 says") {
  // The examples of its section 11, in their order.
  const std::vector<std::string> ascending = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                              "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                              "1.0.0-rc.1",  "1.0.0",         "2.0.0",
                                              "2.1.0",       "2.1.1"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      INFO(ascending[i] << " and " << ascending[j]);
      CHECK((version(ascending[i]) <=> version(ascending[j])) == (i <=> j));
    }
  }
}

TEST_CASE("numbers in versions compare as numbers") {
  CHECK(version("0.9.0") < version("0.10.0"));
  CHECK(version("1.0.0-2") < version("1.0.0-10"));
  CHECK(version("1.0.0-9") < version("1.0.0-a"));
}

TEST_CASE("a version reads back as it was written") {
  for (const char* text : {"0.0.0", "1.2.3", "4294967295.0.1", "1.0.0-rc.1", "1.0.0-x-y-z.0", "1.0.0-0a"}) {
    CHECK(version(text).to_string() == text);
  }
}

TEST_CASE("what is no version is refused") {
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.02.3", "1.2.3-", "1.2.3-a..b", "1.2.3-a.", "1.2.3-01", "1.2.3+build",
        "1.2.3-a_b", "-1.2.3", "1.2.x", "4294967296.0.0", " 1.2.3", "1..3"}) {
    INFO(text);
    const auto parsed = Version::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
  }
}
