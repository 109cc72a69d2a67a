#include "api-server/render/template.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::render;

namespace {

Result<std::string> filled(const std::string& value, Format format) {
  View view;
  view["hostname"] = View(value);
  return fill("hostname", view, format);
}

}  // namespace

TEST_CASE("a line takes what stays inside it, as it is") {
  CHECK(filled("a & <b> \"c\" {{d}}", Format::line) == "a & <b> \"c\" {{d}}\n");
  for (const std::string& bad : {std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3), std::string("a\tb"),
                                 std::string("a\x7f"), std::string("a\\"), std::string("\xff")}) {
    CHECK(filled(bad, Format::line).error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a quoted text cannot end its quotes") {
  CHECK(filled("a\"b\\c\nd", Format::quoted) == "\"a\\\"b\\\\c\\u000Ad\"\n");
  CHECK(!filled("\xff", Format::quoted));
}

TEST_CASE("a variable of an environment file cannot end its quotes or name another variable") {
  CHECK(filled(R"(a"b\c$d`e)", Format::environment) == "\"a\\\"b\\\\c\\$d\\`e\"\n");
  CHECK(!filled("a\nb", Format::environment));
}

TEST_CASE("a refused value is not quoted in the error") {
  CHECK(!filled("geheim\n", Format::line).error().describe().contains("geheim"));
}

TEST_CASE("an unknown template is a mistake of ours") {
  CHECK(fill("nothing", View(), Format::line).error().code == ErrorCode::internal);
}
