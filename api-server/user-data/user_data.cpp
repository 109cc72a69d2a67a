#include "api-server/user-data/user_data.hpp"

#include "api-server/user-data/gunzip.hpp"
#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"
#include "lib/codec/toml.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/settings/settings.hpp"

namespace bulkhead::intake {
namespace {

namespace toml = codec::toml;
using settings::Json;

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
  if (document.content.size() > user_data::kLargestDocument)
    return fail(ErrorCode::invalid_argument, "{}: has {} bytes; at most {} are allowed", source,
                document.content.size(), user_data::kLargestDocument);
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
  const Json whole = TRY(text[first] == '{' ? codec::parse_json(text, source, codec::RepeatedNames::refused)
                                            : parse_toml(text, source));
  Json values = TRY(settings_of(whole, source));
  TRY_CTX(settings::check(values, settings::Settings::shape()), "{}", source);
  return values;
}

namespace {

// On a node nobody asks for the hint.
std::string reason_of(const Error& error) {
  return error.hint.empty() ? error.describe() : std::format("{} ({})", error.describe(), error.hint);
}

}  // namespace

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
            std::format("{}: conflicts with the documents before it: {}", document.source, reason_of(good.error()));
    } else {
      outcome.refused = reason_of(values.error());
    }
    result.outcomes.push_back(std::move(outcome));
  }
  for (const Unreadable& source : unreadable)
    result.outcomes.push_back({.source = source.source, .refused = source.reason});
  return result;
}

}  // namespace bulkhead::intake
