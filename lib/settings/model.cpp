#include "lib/settings/model.hpp"

#include <algorithm>

#include "lib/base/text.hpp"

namespace bulkhead::settings {
namespace {

constexpr std::size_t kLongestQuote = 64;

bool fits_integer(const Json& value, const Shape& shape) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return false;
  return value.is_number_integer() && value.get<std::int64_t>() >= shape.least &&
         value.get<std::int64_t>() <= shape.most;
}

// Walks a value beside its shape and stops at the first fault. `path` is where the value stands, for messages.
class Checker {
 public:
  Result<> check(const Json& value, const Shape& shape, const std::string& path, bool secret) {
    switch (shape.kind) {
      case Kind::boolean: return expect(value.is_boolean(), value, shape, path, secret);
      case Kind::integer: return expect(fits_integer(value, shape), value, shape, path, secret);
      case Kind::string:
        return expect(value.is_string() && fits_text(value.get_ref<const std::string&>(), shape), value, shape, path,
                      secret);
      case Kind::list: return check_list(value, shape, path, secret);
      case Kind::map: return check_map(value, shape, path, secret);
      case Kind::group: return check_group(value, shape, path, secret);
      case Kind::choice:
        return expect(std::ranges::any_of(shape.choices, [&](const Shape* choice) { return fits(value, *choice); }),
                      value, shape, path, secret);
    }
    return fail(ErrorCode::internal, "a shape of no kind at {}", path);
  }

 private:
  static Result<> expect(bool right, const Json& value, const Shape& shape, const std::string& path, bool secret) {
    if (right) return {};
    std::string shown = secret ? "the value" : value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (shown.size() > kLongestQuote) shown = shown.substr(0, kLongestQuote) + "…";
    return fail(ErrorCode::invalid_argument, "{}: {} is not {}{}", path.empty() ? "settings" : path, shown,
                description(shape), shape.rule.empty() ? "" : std::format(" ({})", shape.rule));
  }

  Result<> check_list(const Json& value, const Shape& shape, const std::string& path, bool secret) {
    if (!value.is_array()) return fail(not_a_list(value, shape, path, secret));
    TRY(check_size(value, path));
    for (std::size_t i = 0; i < value.size(); ++i)
      TRY(check(value[i], *shape.element, std::format("{}[{}]", path, i), secret));
    return {};
  }

  // A single value where a list belongs is the usual mistake: shows it as a list.
  static Error not_a_list(const Json& value, const Shape& shape, const std::string& path, bool secret) {
    const bool shown = !secret && fits(value, *shape.element);
    const std::string as_list = shown ? Json::array({value}).dump() : std::string();
    if (!shown || as_list.size() > kLongestQuote) return error(ErrorCode::invalid_argument, "{}: needs a list", path);
    return error(ErrorCode::invalid_argument, "{}: needs a list: '{}'", path, as_list);
  }

  Result<> check_map(const Json& value, const Shape& shape, const std::string& path, bool secret) {
    TRY(expect(value.is_object(), value, shape, path, secret));
    TRY(check_size(value, path));
    for (const auto& [name, element] : value.items()) {
      TRY(expect(fits_text(name, *shape.names), name, *shape.names, path, secret));
      TRY(check(element, *shape.element, below(path, name), secret));
    }
    return {};
  }

  Result<> check_group(const Json& value, const Shape& shape, const std::string& path, bool secret) {
    TRY(expect(value.is_object(), value, shape, path, secret));
    for (const auto& [name, element] : value.items()) {
      const Member* member = shape.find(name);
      if (member == nullptr) return fail(unknown(shape, path, name));
      TRY(check(element, *member->shape, below(path, name), secret || member->about.secret));
    }
    return {};
  }

  static Result<> check_size(const Json& value, const std::string& path) {
    if (value.size() <= kMostElements) return {};
    return fail(ErrorCode::invalid_argument, "{}: has {} elements; at most {} are allowed", path, value.size(),
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
    flatten(element, *step(shape, name, member), at.child(name), into);
  }
}

void add_entries(const Shape& shape, const std::string& path, std::vector<Entry>& into) {
  if (shape.kind == Kind::group) {
    for (const Member& member : shape.members) {
      const std::string key = path.empty() ? member.name : path + "." + member.name;
      if (!is_table(*member.shape)) into.push_back({.key = key, .shape = member.shape, .about = member.about});
      if (member.shape->kind == Kind::map && !is_table(*member.shape->element))
        into.push_back({.key = key + ".<name>", .shape = member.shape->element, .about = member.about});
      add_entries(*member.shape, key, into);
    }
  } else if (shape.kind == Kind::map) {
    add_entries(*shape.element, path + ".<name>", into);
  } else if (shape.kind == Kind::list) {
    add_entries(*shape.element, path + "[]", into);
  } else if (shape.kind == Kind::choice) {
    for (const Shape* choice : shape.choices) add_entries(*choice, path, into);
  }
}

Json defaults_of(const Shape& group) {
  Json document = Json::object();
  for (const Member& member : group.members) {
    Json value;
    if (!member.about.default_value.empty())
      value = Json::parse(member.about.default_value);
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
    if (!member.about.doc.empty()) property["description"] = member.about.doc;
    if (!member.about.default_value.empty()) property["default"] = Json::parse(member.about.default_value);
    if (!member.about.example.empty()) property["examples"] = Json::array({Json::parse(member.about.example)});
    if (member.about.secret) property["writeOnly"] = true;
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
  return Checker().check(value, shape, at.to_string(), false);
}

Result<Declaration> find(const Shape& root, const Key& key) {
  Declaration found{.shape = &root};
  std::string path;
  for (const std::string& segment : key.segments()) {
    const Shape& outer = *found.shape;
    if (outer.kind == Kind::map) TRY(Checker().check(segment, *outer.names, path, false));
    const Shape* inner = step(outer, segment, found.member);
    if (inner == nullptr) {
      Error reason = Checker::unknown(outer, path, segment);
      reason.code = ErrorCode::not_found;
      return fail(std::move(reason));
    }
    found.shape = inner;
    found.secret = found.secret || (found.member != nullptr && found.member->about.secret);
    path = Checker::below(path, segment);
  }
  return found;
}

Result<Json> from_text(const Shape& root, const Key& key, std::string_view text) {
  const Declaration found = TRY(find(root, key));
  const Shape& shape = *found.shape;
  Json value = std::string(text);
  const bool plain = shape.kind == Kind::string || (shape.kind == Kind::choice && fits(value, shape));
  if (!plain) {
    Json parsed = Json::parse(text, nullptr, false);
    if (!parsed.is_discarded()) value = std::move(parsed);
  }
  TRY(Checker().check(value, shape, key.to_string(), found.secret));
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
    for (const std::string& segment : key.segments()) at = &(*at)[segment];
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
  add_entries(root, "", result);
  return result;
}

Json redacted(const Json& document, const Shape& root) {
  Flat values = flat(document, root);
  for (auto& [key, value] : values) {
    const auto found = find(root, key);
    if (!found || found->secret) value = "(secret)";
  }
  return unflat(values);
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
