#include "api-server/migrate/steps.hpp"

#include <algorithm>

namespace bulkhead::migrate {
namespace {

using settings::Flat;
using settings::Json;
using settings::Key;

const Step* step_from(int from, std::span<const Step> steps) {
  const auto found = std::ranges::find(steps, from, &Step::from);
  return found == steps.end() ? nullptr : &*found;
}

}  // namespace

bool leads(int from, int to, std::span<const Step> steps) {
  for (int version = std::min(from, to); version < std::max(from, to); ++version) {
    if (step_from(version, steps) == nullptr) return false;
  }
  return true;
}

Result<Flat> walk(Flat values, int from, int to, std::span<const Step> steps) {
  if (!leads(from, to, steps))
    return fail(ErrorCode::failed_precondition,
                "this system has no steps from settings of model version {} to version {}", from, to);
  while (from != to) {
    const bool forward = from < to;
    const Step* const step = step_from(forward ? from : from - 1, steps);
    const int next = forward ? from + 1 : from - 1;
    values = TRY_CTX(forward ? step->forward(std::move(values)) : step->backward(std::move(values)),
                     "settings from model version {} to {} ({})", from, next, step->doc);
    from = next;
  }
  return values;
}

Flat renamed(Flat values, const Key& from, const Key& to) {
  Flat moved;
  for (const auto& [key, value] : values) {
    if (!key.is_below(from)) continue;
    Key target = to;
    for (std::size_t i = from.segments().size(); i < key.segments().size(); ++i)
      target = target.child(key.segments()[i]);
    moved[target] = value;
  }
  values = removed(std::move(values), from);
  for (auto& [key, value] : moved) values[key] = std::move(value);
  return values;
}

Flat removed(Flat values, const Key& key) {
  std::erase_if(values, [&](const auto& entry) { return entry.first.is_below(key); });
  return values;
}

Flat replaced(Flat values, const Key& key, const Json& value, const Json& by) {
  for (auto& [name, current] : values) {
    if (name.is_below(key) && current == value) current = by;
  }
  return values;
}

}  // namespace bulkhead::migrate
