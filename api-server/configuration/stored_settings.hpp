// Which of the stored settings can be in effect. Another version of the system may have stored what the rules of this
// one refuse. Such a setting is left out, with the reason, and all others count; it stays stored until somebody sets or
// unsets it. Pure functions over values.
#pragma once

#include <map>
#include <vector>

#include "lib/settings/settings.hpp"

namespace bulkhead::configuration {

// Why something stored is left out.
struct Refusal {
  settings::Key key;      // a setting or a table: everything that is stored below it is left out
  settings::Key culprit;  // what has to be set or unset to end this: `key`, something in it, or another setting
  Error reason;
};

struct LeftOut {
  std::vector<Refusal> refusals;                  // in the order in which they were found
  std::map<settings::Key, std::size_t> settings;  // every setting that is left out, with the place of its refusal
};

// Settings that do not go together. The first of these keys at which something is stored is the one to leave out.
struct Conflict {
  std::vector<settings::Key> keys;
  Error reason;
};

// Settings that are refused whatever else is set: an unknown key, a wrong type, a rule.
struct RefusedValue {
  settings::Key key;
  settings::Json value;
  Error reason;
};
std::vector<RefusedValue> refused_values(const settings::Flat& stored);

// Takes away what is refused.
class Screen {
 public:
  // `refused`: of these settings, or of the same before they were changed.
  Screen(settings::Flat stored, const std::vector<RefusedValue>& refused);

  const settings::Flat& accepted() const { return accepted_; }
  const LeftOut& left_out() const { return left_out_; }
  // False when nothing is stored at any of its keys.
  bool leave_out(const Conflict& conflict);

 private:
  bool take_away(const settings::Key& key, const settings::Key& culprit, const Error& reason);

  settings::Flat accepted_;
  LeftOut left_out_;
};

// The key with which the message of an error of render() begins; none when it begins with something else.
std::vector<settings::Key> keys_named_by(const Error& error);

}  // namespace bulkhead::configuration
