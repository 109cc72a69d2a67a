// Settings as JSON documents, checked against a shape: the operations of the API, user data and the datastore. The
// shape of all settings is Type<Settings>::shape() (settings.hpp); tests use smaller ones.
//
// A document is a JSON object with only the values that are set. Pure functions over values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/settings/key.hpp"
#include "lib/settings/shape.hpp"

namespace bulkhead::settings {

inline constexpr std::size_t kMostElements = 4096;  // of one list or map

// Errors: invalid_argument, with the key, what is wrong with it, and what it must be; an unknown key with the nearest
// known one. Values of secret settings are never quoted.
Result<> check(const Json& value, const Shape& shape, const Key& at = {});

// The shape of what `key` names, which may lie inside a map. Errors: not_found, with the nearest known key.
struct Declaration {
  const Shape* shape = nullptr;
  const Member* member = nullptr;  // the declaration that it lies in; none for the root
  bool secret = false;
  Role changed_by = Role::operator_role;  // of it and of everything that it lies in, the highest
};
Result<Declaration> find(const Shape& root, const Key& key);

// The value that an operator typed for `key`: unchanged for a text; "true", "false" or a number where the setting is
// one; JSON for lists and tables, and for a choice other than a plain text. Errors: those of find() and check().
Result<Json> from_text(const Shape& root, const Key& key, std::string_view text);

// Merges `changes` into `base`: tables member by member; everything else is replaced.
Json merged(Json base, const Json& changes);

// A document as keys and values: values are scalars, lists, and tables where the shape says choice. And back.
using Flat = std::map<Key, Json>;
Flat flat(const Json& document, const Shape& root);
Json unflat(const Flat& flat);

// What is below `key`, with its place: at("network", {"network": {"hostname": "a"}, "motd": ""}) is
// {"network": {"hostname": "a"}}. Empty when there is nothing.
Json only_below(const Json& document, const Key& key);

// The defaults of all declarations, as a document.
Json defaults(const Shape& root);

// Who may change `key`: of find(). What is below it may need a higher role. A key that is no longer declared, which can
// only be unset, is the admin's.
Role changed_by(const Shape& root, const Key& key);
// The highest role that `key` or anything below it needs.
Role changed_by_with_all_below(const Shape& root, const Key& key);

// Every setting: keys of map members are written as <name>; about.changed_by is that of find().
struct Entry {
  std::string key;
  const Shape* shape = nullptr;
  About about;
};
std::vector<Entry> entries(const Shape& root);

// Replaces the values of secret settings, and what may be a password in a URL, by "(secret)".
Json redacted(const Json& document, const Shape& root);
Json redacted(const Key& key, const Json& value, const Shape& root);

// JSON Schema (draft 2020-12) of a shape, without "$schema" and "$id".
Json json_schema(const Shape& shape);

}  // namespace bulkhead::settings
