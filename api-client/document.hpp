// Settings as people write them: documents, KEY=VALUE, keys, spans of time. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::client {

// A TOML or JSON document with "settings" at the top: what is below it. JSON when it begins with '{'. `source` is named
// in errors, all of which are invalid_argument. Values are checked by the node.
Result<nlohmann::ordered_json> parse_document(std::string_view text, const std::string& source);

// The argument of `set --json`: an object of settings, with or without "settings" around it.
Result<nlohmann::ordered_json> parse_json_settings(std::string_view text);

// "90s", "5m", "1h" or seconds alone, 1 s to 1 day, as the API takes it.
Result<int> parse_seconds(std::string_view text);

// What `get` asks for: "motd" and "settings.motd" are the same; os, services and configuration-files stay as they are.
std::string full_prefix(std::string_view prefix);

// Segments of a key; quoted ones without their quotes. Empty when the quotes do not match.
std::vector<std::string> segments(std::string_view key);
// Removes everything at or below `key` from the document, and objects that become empty.
void remove_key(nlohmann::ordered_json& document, std::string_view key);
// Merges `from` into `into`, object by object.
void merge(nlohmann::ordered_json& into, const nlohmann::ordered_json& from);

}  // namespace bulkhead::client
