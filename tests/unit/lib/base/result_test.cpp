#include "lib/base/result.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>

using namespace bulkhead;

namespace {

Result<std::unique_ptr<int>> make(bool succeed) {
  if (!succeed) return fail(ErrorCode::unavailable, "out of numbers");
  return std::make_unique<int>(7);
}

Result<int> doubled(bool succeed) {
  const std::unique_ptr<int> number = TRY(make(succeed));
  return *number * 2;
}

Result<> nothing(bool succeed) {
  if (!succeed) return fail(ErrorCode::aborted, "somebody was faster");
  return {};
}

struct Counter {
  int* destroyed;
  explicit Counter(int* count) : destroyed(count) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  ~Counter() { ++*destroyed; }
};

}  // namespace

TEST_CASE("TRY moves a move-only value out, and passes an error on as it is") {
  CHECK(doubled(true) == 14);
  const auto failed = doubled(false);
  REQUIRE_FALSE(failed);
  CHECK(failed.error() == error(ErrorCode::unavailable, "out of numbers"));
}

TEST_CASE("TRY works on results without a value, more than once in a line and without braces") {
  const auto both = [](bool first, bool second, bool third) -> Result<int> {
    TRY(nothing(first));
    TRY(nothing(second));
    if (!third) TRY(nothing(third));
    return 1;
  };
  CHECK(both(true, true, true) == 1);
  CHECK_FALSE(both(false, true, true));
  CHECK_FALSE(both(true, false, true));
  CHECK_FALSE(both(true, true, false));
}

TEST_CASE("TRY evaluates its expression once") {
  int calls = 0;
  const auto count = [&]() -> Result<int> { return ++calls; };
  const auto use = [&]() -> Result<int> { return TRY(count()); };
  CHECK(use() == 1);
  CHECK(calls == 1);
}

TEST_CASE("TRY takes expressions with commas and template arguments") {
  const auto use = []() -> Result<std::pair<int, int>> {
    return TRY(Result<std::pair<int, int>>(std::pair<int, int>{1, 2}));
  };
  CHECK(use()->second == 2);
}

TEST_CASE("TRY releases what the function holds") {
  int destroyed = 0;
  const auto use = [&]() -> Result<> {
    const Counter counter(&destroyed);
    TRY(nothing(false));
    return {};
  };
  CHECK_FALSE(use());
  CHECK(destroyed == 1);
}

TEST_CASE("TRY_CTX adds context from the inside out, and only when it fails") {
  const auto inner = [](bool succeed) -> Result<int> {
    TRY_CTX(nothing(succeed), "taking lock {}", 3);
    return 1;
  };
  const auto outer = [&](bool succeed) -> Result<int> {
    const int value = TRY_CTX(inner(succeed), "building {}", "kvm");
    return value + 1;
  };
  CHECK(outer(true) == 2);
  const auto failed = outer(false);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().describe() == "building kvm: taking lock 3: somebody was faster");
  CHECK(failed.error().code == ErrorCode::aborted);
}
