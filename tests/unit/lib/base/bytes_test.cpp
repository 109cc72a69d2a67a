#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"

using namespace bulkhead;

TEST_CASE("hexadecimal text is lower case and reads back in either case") {
  const std::string_view bytes("\x00\x7f\xab\xff", 4);
  CHECK(to_hex(as_bytes(bytes)) == "007fabff");
  CHECK(to_hex({}).empty());
  const auto read = from_hex("007FabFf");
  REQUIRE(read);
  CHECK(as_text(*read) == bytes);
  CHECK(from_hex("")->empty());
}

TEST_CASE("hexadecimal text with an odd digit, a foreign character or a prefix is refused") {
  for (const char* text : {"0", "abc", "0g", "0x00", " 0", "-1", "a\n"}) {
    const auto read = from_hex(text);
    INFO(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a SHA-256 value has exactly 64 digits") {
  const std::string digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const auto digest = Sha256::parse(digits);
  REQUIRE(digest);
  CHECK(digest->to_string() == digits);
  CHECK_FALSE(Sha256::parse(digits.substr(2)));
  CHECK_FALSE(Sha256::parse(digits + "00"));
  CHECK_FALSE(Sha256::parse(""));
}

TEST_CASE("SHA-256 values order as their text does") {
  const auto low = Sha256::parse(std::string(64, '7'));
  const auto high = Sha256::parse(std::string(64, '8'));
  REQUIRE((low && high));
  CHECK(*low < *high);  // a signed comparison of bytes would turn these round
}
