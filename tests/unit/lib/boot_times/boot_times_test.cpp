#include "lib/boot_times/boot_times.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead;
using namespace bulkhead::boot_times;

namespace {

UnitTimes unit(std::string name, int started, std::optional<int> ready, std::vector<std::string> after = {}) {
  return {.unit = std::move(name),
          .started = Moment(started),
          .ready = ready ? std::optional(Moment(*ready)) : std::nullopt,
          .after = std::move(after)};
}

std::string name_of(const UnitTimes* unit) { return unit == nullptr ? "" : unit->unit; }

}  // namespace

TEST_CASE("a unit waited for the last one that was ready before it, of those that it is ordered behind") {
  const BootTimes boot{.units = {unit("early", 1, 2), unit("late", 1, 8), unit("later", 1, 20), unit("never", 1, {}),
                                 unit("not ordered", 1, 9),
                                 unit("x", 10, 11, {"early", "late", "later", "never", "absent"}),
                                 unit("alone", 10, 11)}};
  const auto awaited = waited_for(boot);
  REQUIRE(awaited.size() == boot.units.size());
  CHECK(name_of(awaited[5]) == "late");
  CHECK(name_of(awaited[6]).empty());
}

TEST_CASE("the initrd's time is read as it was written, and nothing else is taken for one") {
  CHECK(parse_initrd_text(initrd_text(Moment(4'100'000))).value() == Moment(4'100'000));
  for (const char* text : {"", "soon\n", "-1\n", "1 2\n", "99999999999999999999\n"})
    CHECK_FALSE(parse_initrd_text(text));
}
