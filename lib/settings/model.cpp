#include "lib/settings/model.hpp"

#include <algorithm>
#include <optional>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::settings {
namespace {

constexpr std::size_t kLongestQuote = 64;

bool fits_integer(const Json& value, const Shape& shape) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return false;
  return value.is_number_integer() && value.get<std::int64_t>() >= shape.least &&
         value.get<std::int64_t>() <= shape.most;
}

// Where a value stands, for messages.
struct Place {
  std::string path;
  bool secret = false;
  std::string_view example{};  // JSON: of the declaration that the value is a part of

  Place inner(std::string inner_path) const {
    return {.path = std::move(inner_path), .secret = secret, .example = example};
  }
  std::string name() const { return path.empty() ? "settings" : path; }
};

// A value with its shape: whether it is of the type that the shape is about, right or wrong.
bool has_type(const Json& value, const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean: return value.is_boolean();
    case Kind::integer: return value.is_number();
    case Kind::string: return value.is_string();
    case Kind::list: return value.is_array();
    case Kind::map:
    case Kind::group: return value.is_object();
    case Kind::choice:
      return std::ranges::any_of(shape.choices, [&](const auto* each) { return has_type(value, *each); });
  }
  return false;
}

// The description of a shape without that of its parts.
std::string type_description(const Shape& shape) {
  if (shape.kind == Kind::list) return "a list";
  if (shape.kind == Kind::map || shape.kind == Kind::group) return "a table";
  if (shape.kind != Kind::choice) return description(shape);
  std::string text;
  for (const Shape* choice : shape.choices) text += (text.empty() ? "" : " or ") + type_description(*choice);
  return text;
}

std::string quoted(const Json& value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() > kLongestQuote ? text.substr(0, kLongestQuote) + "…" : text;
}

// A value of the wrong type as the operator may have meant it, and what it lacks for that.
struct Meaning {
  std::string_view needed;
  Json value;
};
std::optional<Meaning> meaning_of(const Json& value, const Shape& shape) {
  const auto if_good = [&](std::string_view needed, Json meant) -> std::optional<Meaning> {
    if (meant.dump().size() > kLongestQuote || !fits(meant, shape)) return std::nullopt;
    return Meaning{.needed = needed, .value = std::move(meant)};
  };
  const bool is_bare = value.is_number() || value.is_boolean();
  if (shape.kind == Kind::list) return if_good("a list", Json::array({value}));
  if (shape.kind == Kind::string && is_bare) return if_good("quotes", value.dump());
  if ((shape.kind == Kind::integer || shape.kind == Kind::boolean) && value.is_string()) {
    if (auto bare = codec::parse_json(value.get_ref<const std::string&>()))
      return if_good("no quotes", *std::move(bare));
  }
  return std::nullopt;
}

// A default or an example, which are ours.
Json declared_value(std::string_view text) { return codec::parse_json(text).value_or(Json()); }

// The example of a declaration, or the part of it that has this shape; null when there is none.
Json example_of(const Shape& shape, std::string_view declared) {
  if (declared.empty()) return nullptr;
  Json example = declared_value(declared);
  while (!fits(example, shape) && example.is_array() && !example.empty()) example = Json(example.back());
  return fits(example, shape) ? example : Json();
}

// Walks a value beside its shape and stops at the first error.
class Checker {
 public:
  Result<> check(const Json& value, const Shape& shape, const Place& place) {
    if (!has_type(value, shape)) return fail(wrong_type(value, shape, place));
    switch (shape.kind) {
      case Kind::boolean: return {};
      case Kind::integer: return expect(fits_integer(value, shape), value, shape, place);
      case Kind::string: return expect(fits_text(value.get_ref<const std::string&>(), shape), value, shape, place);
      case Kind::list: return check_list(value, shape, place);
      case Kind::map: return check_map(value, shape, place);
      case Kind::group: return check_group(value, shape, place);
      case Kind::choice: return check_choice(value, shape, place);
    }
    return fail(ErrorCode::internal, "a shape of no kind at {}", place.path);
  }

 private:
  static Result<> expect(bool right, const Json& value, const Shape& shape, const Place& place) {
    if (right) return {};
    return fail(ErrorCode::invalid_argument, "{}: {} is not {}{}", place.name(),
                place.secret ? "the value" : quoted(without_passwords(value, shape)), description(shape),
                shape.rule.empty() ? "" : std::format(" ({})", shape.rule));
  }

  // Says what is needed, and shows the value as it was meant, or else an example.
  static Error wrong_type(const Json& value, const Shape& shape, const Place& place) {
    const auto meaning = place.secret ? std::nullopt : meaning_of(value, shape);
    if (meaning) {
      return error(ErrorCode::invalid_argument, "{}: needs {}: '{}'", place.name(), meaning->needed,
                   without_passwords(meaning->value, shape).dump());
    }
    const Json example = example_of(shape, place.example);
    return error(ErrorCode::invalid_argument, "{}: needs {}{}{}", place.name(), type_description(shape),
                 place.secret ? "" : ", not " + quoted(without_passwords(value, shape)),
                 example.is_null() ? "" : std::format(" (example: '{}')", example.dump()));
  }

  // The one alternative that has the type of the value says what is wrong with it.
  Result<> check_choice(const Json& value, const Shape& shape, const Place& place) {
    if (std::ranges::any_of(shape.choices, [&](const Shape* choice) { return fits(value, *choice); })) return {};
    const auto is_like_it = [&](const Shape* choice) { return has_type(value, *choice); };
    if (std::ranges::count_if(shape.choices, is_like_it) > 1) return expect(false, value, shape, place);
    return check(value, **std::ranges::find_if(shape.choices, is_like_it), place);
  }

  Result<> check_list(const Json& value, const Shape& shape, const Place& place) {
    TRY(check_size(value, place));
    for (std::size_t i = 0; i < value.size(); ++i)
      TRY(check(value[i], *shape.element, place.inner(std::format("{}[{}]", place.path, i))));
    return {};
  }

  Result<> check_map(const Json& value, const Shape& shape, const Place& place) {
    TRY(check_size(value, place));
    for (const auto& [name, element] : value.items()) {
      TRY(expect(fits_text(name, *shape.names), name, *shape.names, place));
      TRY(check(element, *shape.element, place.inner(below(place.path, name))));
    }
    return {};
  }

  Result<> check_group(const Json& value, const Shape& shape, const Place& place) {
    for (const auto& [name, element] : value.items()) {
      const Member* member = shape.find(name);
      if (member == nullptr) return fail(unknown(shape, place.path, name));
      TRY(check(element, *member->shape,
                {.path = below(place.path, name),
                 .secret = place.secret || member->about.secret,
                 .example = member->about.example}));
    }
    return {};
  }

  static Result<> check_size(const Json& value, const Place& place) {
    if (value.size() <= kMostElements) return {};
    return fail(ErrorCode::invalid_argument, "{}: has {} elements; at most {} are allowed", place.name(), value.size(),
                kMostElements);
  }

 public:
  static std::string below(const std::string& path, const std::string& name) {
    const std::string segment = Key({name}).to_string();
    return path.empty() ? segment : path + "." + segment;
  }

  static Error unknown(const Shape& group, const std::string& path, const std::string& name) {
    std::vector<std::string> known;
    for (const Member& member : group.members) known.push_back(member.name);
    const std::string near = nearest(name, known);
    return error(ErrorCode::invalid_argument, "there is no setting '{}'{}", below(path, name),
                 near.empty() ? "" : std::format("; the nearest is '{}'", below(path, near)));
  }
};

bool is_table(const Shape& shape) { return shape.kind == Kind::group || shape.kind == Kind::map; }

// The shape of one more segment; nothing when there is none.
const Shape* step(const Shape& shape, const std::string& segment, const Member*& member) {
  if (shape.kind == Kind::map) return shape.element;
  if (shape.kind != Kind::group) return nullptr;
  const Member* found = shape.find(segment);
  if (found == nullptr) return nullptr;
  member = found;
  return found->shape;
}

void flatten(const Json& value, const Shape& shape, const Key& at, Flat& into) {
  if (!is_table(shape)) {
    into.emplace(at, value);
    return;
  }
  for (const auto& [name, element] : value.items()) {
    const Member* member = nullptr;
    const Shape* inner = step(shape, name, member);
    // What is not declared (a commit of another version) is one value.
    if (inner == nullptr)
      into.emplace(at.child(name), element);
    else
      flatten(element, *inner, at.child(name), into);
  }
}

void add_entries(const Shape& shape, const std::string& path, Role outer, std::vector<Entry>& into) {
  if (shape.kind == Kind::group) {
    for (const Member& member : shape.members) {
      const std::string key = path.empty() ? member.name : path + "." + member.name;
      About about = member.about;
      about.changed_by = std::max(outer, about.changed_by);
      if (!is_table(*member.shape)) into.push_back({.key = key, .shape = member.shape, .about = about});
      if (member.shape->kind == Kind::map && !is_table(*member.shape->element))
        into.push_back({.key = key + ".<name>", .shape = member.shape->element, .about = about});
      add_entries(*member.shape, key, about.changed_by, into);
    }
  } else if (shape.kind == Kind::map) {
    add_entries(*shape.element, path + ".<name>", outer, into);
  } else if (shape.kind == Kind::list) {
    add_entries(*shape.element, path + "[]", outer, into);
  } else if (shape.kind == Kind::choice) {
    for (const Shape* choice : shape.choices) add_entries(*choice, path, outer, into);
  }
}

Json defaults_of(const Shape& group) {
  Json document = Json::object();
  for (const Member& member : group.members) {
    Json value;
    if (!member.about.default_value.empty())
      value = declared_value(member.about.default_value);
    else if (member.shape->kind == Kind::group)
      value = defaults_of(*member.shape);
    if (!value.is_null() && !(value.is_object() && value.empty())) document[member.name] = std::move(value);
  }
  return document;
}

Json schema_of_group(const Shape& shape) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  for (const Member& member : shape.members) {
    Json property = json_schema(*member.shape);
    if (!member.about.doc.empty()) property["description"] = sentence(*member.shape, member.about);
    if (!member.about.default_value.empty()) property["default"] = declared_value(member.about.default_value);
    if (!member.about.example.empty())
      property["examples"] = Json::array({declared_value(example_text(*member.shape, member.about))});
    if (member.about.secret) property["writeOnly"] = true;
    if (member.about.changed_by == Role::admin) property["x-changed-by"] = "admin";
    schema["properties"][member.name] = std::move(property);
  }
  return schema;
}

Json schema_of_string(const Shape& shape) {
  Json schema = {{"type", "string"}};
  if (!shape.values.empty()) {
    schema["enum"] = shape.values;
    return schema;
  }
  schema["maxLength"] = shape.longest;
  if (!shape.pattern.empty()) schema["pattern"] = std::format("^(?:{})$", shape.pattern);
  if (!shape.rule.empty()) schema["$comment"] = shape.rule;
  return schema;
}

}  // namespace

bool fits(const Json& value, const Shape& shape) { return check(value, shape).has_value(); }

Result<> check(const Json& value, const Shape& shape, const Key& at) {
  return Checker().check(value, shape, {.path = at.to_string()});
}

namespace {

// A name with dots that was typed without quotes is taken for several parts.
std::string quoting_hint(const Key& key, std::size_t from) {
  std::vector<std::string> parts(key.segments().begin(), key.segments().begin() + static_cast<std::ptrdiff_t>(from));
  std::string name;
  for (std::size_t i = from; i < key.segments().size(); ++i) name += (name.empty() ? "" : ".") + key.segments()[i];
  parts.push_back(std::move(name));
  return std::format("put a name with dots in double quotes: {}", Key(std::move(parts)).to_string());
}

}  // namespace

Result<Declaration> find(const Shape& root, const Key& key) {
  Declaration found{.shape = &root};
  std::string path;
  std::size_t index = 0;
  std::optional<std::size_t> last_map;  // the segment that is a name of the operator's
  for (const std::string& segment : key.segments()) {
    const Shape& outer = *found.shape;
    if (outer.kind == Kind::map) TRY(Checker().check(segment, *outer.names, {.path = path}));
    const Shape* inner = step(outer, segment, found.member);
    if (inner == nullptr) {
      Error reason = Checker::unknown(outer, path, segment);
      reason.code = ErrorCode::not_found;
      if (last_map && outer.kind != Kind::group) reason.hint = quoting_hint(key, *last_map);
      return fail(std::move(reason));
    }
    if (outer.kind == Kind::map) last_map = index;
    ++index;
    found.shape = inner;
    found.secret = found.secret || (found.member != nullptr && found.member->about.secret);
    if (found.member != nullptr) found.changed_by = std::max(found.changed_by, found.member->about.changed_by);
    path = Checker::below(path, segment);
  }
  return found;
}

Role changed_by(const Shape& root, const Key& key) {
  const auto found = find(root, key);
  return found ? found->changed_by : Role::admin;
}

Role changed_by_with_all_below(const Shape& root, const Key& key) {
  const auto found = find(root, key);
  if (!found) return Role::admin;
  std::vector<Entry> below;
  add_entries(*found->shape, "", found->changed_by, below);
  Role highest = found->changed_by;
  for (const Entry& entry : below) highest = std::max(highest, entry.about.changed_by);
  return highest;
}

Result<Json> from_text(const Shape& root, const Key& key, std::string_view text) {
  const Declaration found = TRY(find(root, key));
  const Shape& shape = *found.shape;
  Json value = std::string(text);
  const bool plain = shape.kind == Kind::string || (shape.kind == Kind::choice && fits(value, shape));
  if (!plain) {
    if (auto parsed = codec::parse_json(text)) value = *std::move(parsed);
  }
  const std::string_view example = found.member == nullptr ? std::string_view() : found.member->about.example;
  TRY(Checker().check(value, shape, {.path = key.to_string(), .secret = found.secret, .example = example}));
  return value;
}

Json merged(Json base, const Json& changes) {
  if (!base.is_object() || !changes.is_object()) return changes;
  for (const auto& [name, value] : changes.items()) {
    const auto existing = base.find(name);
    if (existing == base.end())
      base[name] = value;
    else
      *existing = merged(std::move(*existing), value);
  }
  return base;
}

Flat flat(const Json& document, const Shape& root) {
  Flat result;
  flatten(document, root, {}, result);
  return result;
}

Json unflat(const Flat& flat) {
  Json document = Json::object();
  for (const auto& [key, value] : flat) {
    Json* at = &document;
    for (const std::string& segment : key.segments()) {
      // A value of another version, where there is a table now: the settings in the table count.
      if (!at->is_object() && !at->is_null()) *at = Json::object();
      at = &(*at)[segment];
    }
    *at = value;
  }
  return document;
}

Json only_below(const Json& document, const Key& key) {
  const Json* from = &document;
  Json result = Json::object();
  Json* into = &result;
  for (const std::string& segment : key.segments()) {
    const auto found = from->is_object() ? from->find(segment) : from->end();
    if (found == from->end()) return Json::object();
    from = &*found;
    into = &(*into)[segment];
  }
  *into = *from;
  return result;
}

Json defaults(const Shape& root) { return defaults_of(root); }

std::vector<Entry> entries(const Shape& root) {
  std::vector<Entry> result;
  add_entries(root, "", Role::reader, result);
  return result;
}

Json redacted(const Json& document, const Shape& root) {
  Flat values = flat(document, root);
  for (auto& [key, value] : values) {
    value = redacted(key, value, root);
  }
  return unflat(values);
}

Json redacted(const Key& key, const Json& value, const Shape& root) {
  const auto found = find(root, key);
  return !found || found->secret ? Json("(secret)") : without_passwords(value, *found->shape);
}

Json json_schema(const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean: return {{"type", "boolean"}};
    case Kind::integer: return {{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}};
    case Kind::string: return schema_of_string(shape);
    case Kind::list: return {{"type", "array"}, {"items", json_schema(*shape.element)}, {"maxItems", kMostElements}};
    case Kind::map:
      return {{"type", "object"},
              {"propertyNames", json_schema(*shape.names)},
              {"additionalProperties", json_schema(*shape.element)},
              {"maxProperties", kMostElements}};
    case Kind::group: return schema_of_group(shape);
    case Kind::choice: {
      Json schema = {{"anyOf", Json::array()}};
      for (const Shape* choice : shape.choices) schema["anyOf"].push_back(json_schema(*choice));
      return schema;
    }
  }
  return {};
}

}  // namespace bulkhead::settings
