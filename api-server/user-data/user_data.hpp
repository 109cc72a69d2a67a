// User data: documents with settings that an operator gives a node from outside, before it has an API.
//
// A document is TOML or JSON, gzip or not, with one table "settings" and nothing else. Pure functions over values:
// node/user-data reads the documents, lib/user_data keeps them in between.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/settings/model.hpp"
#include "lib/user_data/documents.hpp"

namespace bulkhead::intake {

using user_data::Document;
using user_data::Unreadable;

inline constexpr std::size_t kLargestUnpacked = std::size_t{4} << 20U;

// The settings of one document, checked against the model. Errors: invalid_argument, whose message starts with the
// source, and has line and column for a syntax error, else key, value and rule; never the value of a secret.
Result<settings::Json> decode(const Document& document);

// The result for one source, for the API and the banner.
struct SourceOutcome {
  std::string source;
  std::string sha256{};                  // of the content as it was found; empty when it could not be read
  std::optional<std::string> refused{};  // why it was refused
  std::string disk{};                    // of the document
  bool accepted = false;                 // an admin has said that it counts, whatever disk it is from

  bool operator==(const SourceOutcome&) const = default;
};
settings::Json to_json(const SourceOutcome& outcome);

struct MergedDocuments {
  settings::Json settings = settings::Json::object();  // has passed check()
  std::vector<SourceOutcome> outcomes{};               // in the order of the documents, then of the unreadable sources
};

// Later documents override earlier ones. A document with any error is refused as a whole; so is one that is valid by
// itself but conflicts with those before it.
MergedDocuments merged_documents(std::span<const Document> documents, std::span<const Unreadable> unreadable = {});

}  // namespace bulkhead::intake
