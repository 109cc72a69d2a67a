#include "api-client/document.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <span>

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"
#include "lib/codec/toml.hpp"

namespace bulkhead::client {
namespace {

namespace toml = codec::toml;
using Json = nlohmann::ordered_json;

constexpr int kLongestTry = 86400;

Result<Json> json_of(const toml::Table& table, const std::string& source);

// Recursion is bounded by the reader's own limit of nesting.
Result<Json> json_of(const toml::Node& node, const std::string& source) {
  if (const bool* value = node.boolean()) return Json(*value);
  if (const std::int64_t* value = node.integer()) return Json(*value);
  if (const std::string* value = node.string()) return Json(*value);
  if (const toml::Table* table = node.table()) return json_of(*table, source);
  if (const toml::Array* items = node.array()) {
    Json list = Json::array();
    for (const toml::Node& item : *items) {
      Json value = TRY(json_of(item, source));
      list.push_back(std::move(value));
    }
    return list;
  }
  return fail(toml::error_at(source, node.position, "a setting cannot be {}", node.type_name()));
}

Result<Json> json_of(const toml::Table& table, const std::string& source) {
  Json object = Json::object();
  for (const auto& [key, node] : toml::in_file_order(table)) {
    Json value = TRY(json_of(*node, source));
    object[std::string(key)] = std::move(value);
  }
  return object;
}

Result<Json> parse_object(std::string_view text, const std::string& source) {
  auto document = codec::parse_ordered_json(text, source);
  if (document && !document->is_object())
    return fail(ErrorCode::invalid_argument, "{}: expected a JSON object with settings", source);
  return document;
}

void remove_below(Json& document, std::span<const std::string> path) {
  if (!document.is_object() || path.empty()) return;
  const auto found = document.find(path.front());
  if (found == document.end()) return;
  if (path.size() > 1) {
    remove_below(*found, path.subspan(1));
    if (!found->is_object() || !found->empty()) return;
  }
  document.erase(found);
}

}  // namespace

Result<Json> parse_document(std::string_view text, const std::string& source) {
  Json document;
  if (trim(text).starts_with('{')) {
    document = TRY(parse_object(text, source));
  } else {
    const toml::Table table = TRY(toml::parse(text, source, toml::kMaxText));
    document = TRY(json_of(table, source));
  }
  const auto settings = document.find("settings");
  if (settings == document.end() || !settings->is_object())
    return fail(error(ErrorCode::invalid_argument, "{}: the table [settings] is missing", source)
                    .with_hint("put the settings below a line [settings]; in JSON, into an object named settings"));
  for (const auto& [name, unused] : document.items()) {
    if (name != "settings")
      return fail(ErrorCode::invalid_argument, "{}: unknown table or key '{}': only [settings] is allowed at the top",
                  source, name);
  }
  return *settings;
}

Result<Json> parse_json_settings(std::string_view text) {
  auto parsed = parse_object(text, "--json");
  if (!parsed) return fail(std::move(parsed).error().with_hint(R"(for example: --json '{"motd": "hello"}')"));
  const Json document = *std::move(parsed);
  const auto settings = document.find("settings");
  return settings != document.end() && document.size() == 1 && settings->is_object() ? *settings : document;
}

Result<int> parse_seconds(std::string_view text) {
  int unit = 1;
  std::string_view number = text;
  if (text.ends_with('s') || text.ends_with('m') || text.ends_with('h')) {
    unit = text.ends_with('s') ? 1 : text.ends_with('m') ? 60 : 3600;
    number.remove_suffix(1);
  }
  const auto count = parse_integer<int>(number);
  if (!count || *count < 1 || *count > kLongestTry / unit)
    return fail(
        error(ErrorCode::invalid_argument, "'{}' is not a time from 1s to 24h", text).with_hint("write 90s, 5m or 1h"));
  return *count * unit;
}

std::string full_prefix(std::string_view prefix) {
  static constexpr std::array<std::string_view, 4> kTops = {"settings", "os", "services", "configuration-files"};
  for (const std::string_view top : kTops) {
    if (prefix.starts_with(top) && (prefix.size() == top.size() || prefix[top.size()] == '.'))
      return std::string(prefix);
  }
  return "settings." + std::string(prefix);
}

std::vector<std::string> segments(std::string_view key) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (const char c : key) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      result.emplace_back();
    } else {
      result.back() += c;
    }
  }
  if (quoted) result.clear();
  return result;
}

void remove_key(Json& document, std::string_view key) { remove_below(document, segments(key)); }

void merge(Json& into, const Json& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [name, value] : from.items()) {
    if (into.contains(name)) {
      merge(into[name], value);
    } else {
      into[name] = value;
    }
  }
}

}  // namespace bulkhead::client
