#include "lib/boot_times/boot_times.hpp"

#include <algorithm>
#include <cstdint>

#include "lib/base/text.hpp"

namespace bulkhead::boot_times {

const UnitTimes* waited_for(const BootTimes& boot, const UnitTimes& unit) {
  const UnitTimes* last = nullptr;
  Moment latest{};
  for (const UnitTimes& other : boot.units) {
    if (!other.ready || *other.ready > unit.started || !std::ranges::contains(unit.after, other.unit)) continue;
    if (last != nullptr && *other.ready <= latest) continue;
    last = &other;
    latest = *other.ready;
  }
  return last;
}

std::string initrd_text(Moment started) { return std::format("{}\n", started.count()); }

Result<Moment> parse_initrd_text(std::string_view text) {
  const auto count = TRY(parse_integer<std::uint32_t>(trim(text)));
  return Moment(count);
}

}  // namespace bulkhead::boot_times
