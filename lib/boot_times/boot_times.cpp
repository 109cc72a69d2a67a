#include "lib/boot_times/boot_times.hpp"

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "lib/base/text.hpp"

namespace bulkhead::boot_times {

std::vector<const UnitTimes*> waited_for(const BootTimes& boot) {
  std::unordered_map<std::string_view, const UnitTimes*> by_name;
  for (const UnitTimes& unit : boot.units) by_name.emplace(unit.unit, &unit);
  std::vector<const UnitTimes*> awaited;
  for (const UnitTimes& unit : boot.units) {
    const UnitTimes* last = nullptr;
    for (const std::string& name : unit.after) {
      const auto found = by_name.find(name);
      // std::optional orders "not ready" before every moment.
      if (found == by_name.end() || !found->second->ready || found->second->ready > unit.started) continue;
      if (last == nullptr || found->second->ready > last->ready) last = found->second;
    }
    awaited.push_back(last);
  }
  return awaited;
}

std::string initrd_text(Moment started) { return std::format("{}\n", started.count()); }

Result<Moment> parse_initrd_text(std::string_view text) {
  const auto count = TRY(parse_integer<std::uint32_t>(trim(text)));
  return Moment(count);
}

}  // namespace bulkhead::boot_times
