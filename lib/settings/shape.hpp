// The allowed values of a setting, as data: made once from the typed declarations (settings.hpp), and enough to check,
// document, explain and complete settings.
//
// Shapes live for ever (function-local statics) and are immutable: plain pointers and references to them never dangle.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"
#include "lib/base/role.hpp"

namespace bulkhead::settings {

using Json = nlohmann::json;

enum class Kind {
  boolean,
  integer,
  string,
  list,    // of elements
  map,     // from names that operators choose to elements
  group,   // of members with fixed names
  choice,  // of alternatives: the first whose check passes
};

// The description of one setting.
struct About {
  std::string_view doc;              // one sentence, without the name of the setting
  std::string_view example{};        // JSON; of a map of other values than tables: that of an element
  std::string_view name_example{};   // of such a map: the name of that element
  std::string_view default_value{};  // JSON; empty: none
  std::string_view affects{};        // services to notify of a change (api-server/render), separated by spaces
  std::string_view since = "0.1.0";
  bool secret = false;  // never in logs, plans, reports
  // Who may change it and everything below it. What decides which code runs, what is trusted and who may do what is the
  // admin's.
  Role changed_by = Role::operator_role;
};

// Whether a program of this version reads the settings that affect this service.
bool is_read(std::string_view service);

struct Shape;

struct Member {
  std::string name;
  const Shape* shape = nullptr;
  About about;
};

struct Shape {
  Kind kind = Kind::group;
  std::string_view name{};  // "a host name": what a value is, for messages and documents
  std::string_view rule{};  // its rule, continuing "must be"; empty when the name says enough

  // string
  std::string_view pattern{};                       // of the whole text (pattern.hpp); empty: any text
  std::size_t longest = 0;                          // bytes
  bool (*passes)(std::string_view text) = nullptr;  // a check beyond the pattern
  bool is_url = false;                              // a password may stand in front of its host
  std::vector<std::string> values{};                // when only these are allowed

  // integer, both ends included
  std::int64_t least = 0;
  std::int64_t most = 0;

  const Shape* element = nullptr;  // of a list or a map
  const Shape* names = nullptr;    // of a map: a string
  std::vector<Member> members{};   // of a group, in the order of declaration
  std::vector<const Shape*> choices{};

  const Member* find(std::string_view member) const;
};

// The value as everybody may see it: without what stands in front of the host of a URL, here or below.
Json without_passwords(Json value, const Shape& shape);

// True when check() (model.hpp) would accept the value; here because reading a choice needs it.
bool fits(const Json& value, const Shape& shape);

// What is said about a string, alone: is `text` one of this shape? And the same with a reason, which does not quote it.
bool fits_text(std::string_view text, const Shape& shape);
Result<> check_text(std::string_view text, const Shape& shape);

// The sentence of a declaration, and whether the setting, or what is below it, has an effect in this version.
std::string sentence(const Shape& shape, const About& about);
// The example of a declaration, as JSON; empty when there is none. Of a map, a table.
std::string example_text(const Shape& shape, const About& about);

// "a list of host names": for messages and documents.
std::string description(const Shape& shape);

}  // namespace bulkhead::settings
