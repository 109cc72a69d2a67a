// Steps between versions of the settings model: what becomes of settings when a key is renamed, goes away or means
// something else. A model version is a number that counts up with each such change, not the version of the system.
//
// Pure functions over keys and values. A step that cannot say what a value becomes fails, and nothing is changed.
#pragma once

#include <span>
#include <string_view>

#include "lib/settings/model.hpp"

namespace bulkhead::migrate {

// From model version `from` to `from` + 1, and back. A step back should keep what it cannot express out of the way
// rather than fail: the node needs settings more than it needs all of them.
struct Step {
  int from = 0;
  std::string_view doc;  // one sentence: what changes
  Result<settings::Flat> (*forward)(settings::Flat values) = nullptr;
  Result<settings::Flat> (*backward)(settings::Flat values) = nullptr;
};

// Runs all steps on the way, in order. Errors: failed_precondition when the table does not lead there; those of a step,
// with its sentence.
Result<settings::Flat> walk(settings::Flat values, int from, int to, std::span<const Step> steps);
// True when the table has every step on the way.
bool leads(int from, int to, std::span<const Step> steps);

// For steps. Each works on the key and on everything below it.
// An existing value at the new place is replaced.
settings::Flat renamed(settings::Flat values, const settings::Key& from, const settings::Key& to);
settings::Flat removed(settings::Flat values, const settings::Key& key);
// Where the key has exactly this value.
settings::Flat replaced(settings::Flat values, const settings::Key& key, const settings::Json& value,
                        const settings::Json& by);

}  // namespace bulkhead::migrate
