#include "lib/codec/json.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::codec;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }
std::string message(const auto& result) { return result ? "" : result.error().message; }

}  // namespace

TEST_CASE("JSON has its value, members of ordered JSON the order of the text") {
  CHECK(parse_json(R"({"b": [1, null], "a": "x"})") == json({{"a", "x"}, {"b", {1, nullptr}}}));
  CHECK(parse_ordered_json(R"({"b": 1, "a": 2})")->dump() == R"({"b":1,"a":2})");
  CHECK(parse_cbor(std::string_view("\x81\x01", 2)) == json::array({1}));
}

TEST_CASE("values nested deeper than the limit are refused, however deep they are") {
  CHECK(parse_json(nested(kDeepestJson)));
  for (const std::size_t levels : {kDeepestJson + 1, std::size_t{1'000'000}}) {
    CHECK(message(parse_json(nested(levels))) == "values are nested deeper than 32 levels");
    CHECK(message(parse_ordered_json(nested(levels), "a.json")) == "a.json: values are nested deeper than 32 levels");
    CHECK(message(parse_cbor(std::string(levels, '\x81') + '\x01')) == "values are nested deeper than 32 levels");
    CHECK(!parse_json(std::string(levels, '[')));
  }
  CHECK(parse_json('"' + nested(1000) + '"'));
}

TEST_CASE("what is wrong is told with its place, and without what was read last") {
  CHECK(message(parse_json("{\n  \"a\": hunter2}", "a.json")).starts_with("a.json:2:8: syntax error"));
  CHECK(!message(parse_json("{\n  \"a\": hunter2}", "a.json")).contains("hu"));
  CHECK(!message(parse_json("{\"a\": \"hunter2")).contains("hunter2"));
  CHECK(!parse_json(""));
  CHECK(!parse_json("1 2"));
  CHECK(!parse_cbor(""));
}

TEST_CASE("a repeated name is refused where somebody would have to choose") {
  constexpr std::string_view kTwice = R"({"a": 1, "a": 2})";
  CHECK(parse_json(kTwice) == json({{"a", 2}}));
  CHECK(message(parse_json(kTwice, "x", RepeatedNames::refused)) == "x: 'a' is defined twice in one table");
  CHECK(parse_json(R"({"a": {"a": 1}, "b": {"a": 1}})", "x", RepeatedNames::refused));
}
