#include "api-server/user-data/user_data.hpp"

#include <algorithm>
#include <set>

#include "api-server/user-data/gunzip.hpp"
#include "lib/base/text.hpp"
#include "lib/codec/toml.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/settings/settings.hpp"

namespace bulkhead::user_data {
namespace {

namespace toml = codec::toml;
using settings::Json;

constexpr std::size_t kDeepest = 32;

toml::Position place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.line = static_cast<std::uint32_t>(1 + std::ranges::count(before, '\n')),
          .column = static_cast<std::uint32_t>(before.size() - line_start + 1)};
}

// Checks JSON without building a value: syntax errors, depth, duplicate names.
class JsonInspector final : public nlohmann::json_sax<Json> {
 public:
  const std::string& fault() const { return fault_; }
  std::size_t offset() const { return offset_; }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*size*/) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (names_.back().insert(name).second) return true;
    fault_ = std::format("'{}' is defined twice in one table", name.substr(0, 64));
    return false;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& reason) override {
    offset_ = position == 0 ? 0 : position - 1;
    const std::string_view text = reason.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    const std::size_t start = text.find(": ");
    fault_ = start == std::string_view::npos ? text : text.substr(start + 2);
    return false;
  }

 private:
  bool open() {
    names_.emplace_back();
    if (names_.size() <= kDeepest) return true;
    fault_ = std::format("values are nested more than {} levels deep", kDeepest);
    return false;
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> names_;
  std::string fault_;
  std::size_t offset_ = 0;
};

Result<Json> parse_json(std::string_view text, const std::string& source) {
  JsonInspector inspector;
  if (!Json::sax_parse(text, &inspector)) {
    if (inspector.offset() == 0) return fail(ErrorCode::invalid_argument, "{}: {}", source, inspector.fault());
    return fail(toml::error_at(source, place_in(text, inspector.offset()), "{}", inspector.fault()));
  }
  return Json::parse(text, nullptr, false);
}

Result<Json> to_json(const toml::Node& node, const std::string& source) {
  if (const bool* value = node.boolean()) return *value;
  if (const std::int64_t* value = node.integer()) return *value;
  if (const std::string* value = node.string()) return *value;
  if (const toml::Array* items = node.array()) {
    Json list = Json::array();
    for (const toml::Node& item : *items) {
      Json value = TRY(to_json(item, source));
      list.push_back(std::move(value));
    }
    return list;
  }
  if (const toml::Table* entries = node.table()) {
    Json table = Json::object();
    for (const auto& [name, entry] : *entries) table[name] = TRY(to_json(entry, source));
    return table;
  }
  return fail(toml::error_at(source, node.position, "a setting cannot be {}", node.type_name()));
}

Result<Json> parse_toml(std::string_view text, const std::string& source) {
  Json document = Json::object();
  // A line may be as long as the longest value: certificates and keys are one line of base64.
  const toml::Table table = TRY(toml::parse(text, source, kLargestUnpacked));
  for (const auto& [name, node] : table) document[name] = TRY(to_json(node, source));
  return document;
}

// Formats of other systems, refused by name before a parser complains about the first character.
Result<> refuse_foreign(std::string_view text, const std::string& source) {
  constexpr std::string_view kHint = "write the settings as TOML, each group as a table [settings.…]";
  std::string_view what;
  if (text.starts_with("#cloud-config")) what = "a cloud-config document";
  if (text.starts_with("#!")) what = "a script";
  if (text.starts_with("Content-Type: multipart/") || text.starts_with("MIME-Version:")) what = "a MIME archive";
  if (text.starts_with("#include")) what = "a list of addresses";
  if (what.empty()) return {};
  return fail(
      error(ErrorCode::invalid_argument, "{}: this is {}; user data must be a document with settings", source, what)
          .with_hint(std::string(kHint)));
}

Result<Json> settings_of(const Json& document, const std::string& source) {
  for (const auto& [name, value] : document.items()) {
    if (name == "settings") continue;
    return fail(error(ErrorCode::invalid_argument,
                      "{}: unknown table or key '{}': only [settings] is allowed at the top", source,
                      name.substr(0, 64))
                    .with_hint("for a group of settings, write [settings.…]"));
  }
  const auto found = document.find("settings");
  if (found == document.end()) return fail(ErrorCode::invalid_argument, "{}: the table [settings] is missing", source);
  return *found;
}

}  // namespace

Result<Json> decode(const Document& document) {
  const std::string& source = document.source;
  if (document.content.size() > kLargestDocument)
    return fail(ErrorCode::invalid_argument, "{}: has {} bytes; at most {} are allowed", source,
                document.content.size(), kLargestDocument);
  std::string unpacked;
  std::string_view text = document.content;
  if (is_gzip(text)) {
    unpacked = TRY_CTX(gunzip(text, kLargestUnpacked), "{}", source);
    text = unpacked;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  // fw_cfg items and virtual disks are often written with the final zero of a C string, or padded with them.
  while (text.ends_with('\0')) text.remove_suffix(1);
  if (!is_utf8(text)) return fail(ErrorCode::invalid_argument, "{}: this is not UTF-8 text", source);
  TRY(refuse_foreign(text, source));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return fail(ErrorCode::invalid_argument, "{}: the document is empty", source);
  const Json whole = TRY(text[first] == '{' ? parse_json(text, source) : parse_toml(text, source));
  Json values = TRY(settings_of(whole, source));
  TRY_CTX(settings::check(values, settings::Settings::shape()), "{}", source);
  return values;
}

Json to_json(const SourceOutcome& outcome) {
  Json json = {{"source", outcome.source}, {"applied", !outcome.refused}};
  if (!outcome.sha256.empty()) json["sha256"] = outcome.sha256;
  if (outcome.refused) json["error"] = *outcome.refused;
  return json;
}

MergedDocuments merged_documents(std::span<const Document> documents, std::span<const Unreadable> unreadable) {
  MergedDocuments result;
  for (const Document& document : documents) {
    SourceOutcome outcome{
        .source = document.source, .sha256 = crypto::sha256(document.content).to_string(), .disk = document.disk};
    const auto values = decode(document);
    if (values) {
      Json together = settings::merged(result.settings, *values);
      if (const auto good = settings::check(together, settings::Settings::shape()); good)
        result.settings = std::move(together);
      else
        outcome.refused =
            std::format("{}: conflicts with the documents before it: {}", document.source, good.error().describe());
    } else {
      outcome.refused = values.error().describe();
    }
    result.outcomes.push_back(std::move(outcome));
  }
  for (const Unreadable& source : unreadable)
    result.outcomes.push_back({.source = source.source, .refused = source.reason});
  return result;
}

}  // namespace bulkhead::user_data
