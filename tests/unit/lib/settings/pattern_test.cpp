#include "lib/settings/pattern.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

#include "lib/settings/settings.hpp"

using namespace bulkhead::settings;

namespace {

void collect(const Shape& shape, std::set<const Shape*>& texts) {
  if (shape.kind == Kind::string) texts.insert(&shape);
  if (shape.element != nullptr) collect(*shape.element, texts);
  if (shape.names != nullptr) collect(*shape.names, texts);
  for (const Member& member : shape.members) collect(*member.shape, texts);
  for (const Shape* choice : shape.choices) collect(*choice, texts);
}

}  // namespace

TEST_CASE("a pattern is about the whole text, byte by byte") {
  CHECK(matches("abc", "[a-c]+"));
  CHECK_FALSE(matches("abcd", "[a-c]+"));
  CHECK_FALSE(matches("abc\n", "[a-c]+"));
  CHECK(matches("b", "a|b"));
  CHECK(matches("\xc3\xa4", "[^\\x00-\\x1f]{2}"));
  CHECK_FALSE(matches("a", "("));
}

TEST_CASE("a text that takes too many steps is refused") {
  CHECK(matches(std::string(20, 'a') + "b", "(a+)+[bc]"));
  CHECK_FALSE(matches(std::string(2000, 'a') + "!", "(a+)+[bc]"));
}

TEST_CASE("no text makes a pattern of the model run long, and long texts that are good are taken") {
  std::set<const Shape*> texts;
  collect(Settings::shape(), texts);
  CHECK(texts.size() > 30);
  for (const Shape* shape : texts) {
    INFO(shape->name);
    for (const std::string_view piece : {"a", "0", ".", "-", "a.", "a-", "1,", "/a", "a:", "a/", "[", ":", "1h", "%"}) {
      std::string text;
      while (text.size() + piece.size() < shape->longest && text.size() < 4096) text += piece;
      (void)fits_text(text, *shape);
      (void)fits_text(text + "\n", *shape);
    }
  }
  const auto many = [](std::size_t count, std::string_view piece) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += piece;
    return text;
  };
  CHECK(AbsolutePath::parse(many(2000, "/a")));
  CHECK(ImageReference::parse("a" + many(250, "/a")));
  CHECK(CpuSet::parse(many(500, "1,") + "1"));
  CHECK(BootKey::parse(many(120, "a.") + "a"));
  CHECK(Url::parse("https://a/" + std::string(2000, 'a')));
}
