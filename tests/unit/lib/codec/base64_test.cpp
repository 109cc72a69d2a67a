#include "lib/codec/base64.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"

using namespace bulkhead;
using namespace bulkhead::codec;

TEST_CASE("base64 text is that of RFC 4648, section 10") {
  CHECK(to_base64(as_bytes("")).empty());
  CHECK(to_base64(as_bytes("f")) == "Zg==");
  CHECK(to_base64(as_bytes("fo")) == "Zm8=");
  CHECK(to_base64(as_bytes("foo")) == "Zm9v");
  CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy");
  CHECK(to_base64(as_bytes("\xfb\xff\xfe")) == "+//+");
}

TEST_CASE("base64 text gives the bytes back") {
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    const auto bytes = from_base64(to_base64(as_bytes(text)));
    REQUIRE(bytes);
    CHECK(as_text(*bytes) == text);
  }
}

TEST_CASE("every value has one base64 text only") {
  for (const std::string_view text :
       {"Zg=", "Zg", "Z", "Zg==Zg==", "Zh==", "Zm9=", "Z m9v", "Zm9v\n", "====", "Zg=A", "Zm_v"}) {
    INFO(text);
    const auto bytes = from_base64(text);
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().code == ErrorCode::invalid_argument);
  }
}
