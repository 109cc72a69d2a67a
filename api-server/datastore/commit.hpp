// A commit and its record: one line of the datastore's file.
//
//   <16 hex digits> <JSON without line breaks>\n
//
// The digits are the first 64 bits of the SHA-256 of the JSON. The first line of a file is its base, a document; every
// other line is a commit. docs/formats/datastore.md.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/settings/model.hpp"

namespace bulkhead::datastore {

inline constexpr int kFormat = 1;

struct Change {
  settings::Key key;
  std::optional<settings::Json> value;  // nothing: the key is unset

  bool operator==(const Change&) const = default;
};

struct Commit {
  std::uint64_t id = 0;  // 1, 2, …
  std::chrono::sys_time<std::chrono::milliseconds> time{};
  std::string author{};           // who: "uid 0", "certificate ops-1"
  std::string transaction{};      // its name
  std::vector<Change> changes{};  // sorted by key, each key once

  bool operator==(const Commit&) const = default;
};

// The settings before the first commit that is still kept.
struct Base {
  std::uint64_t id = 0;  // of the last commit in it
  settings::Flat values;

  bool operator==(const Base&) const = default;
};

std::string to_line(const Base& base);
std::string to_line(const Commit& commit);

// Without the final newline. Errors: data_loss when the digits do not match the JSON; invalid_argument when they match
// but the JSON is not a record of this format.
Result<Base> parse_base(std::string_view line);
Result<Commit> parse_commit(std::string_view line);

// Applies changes to values.
void apply(const std::vector<Change>& changes, settings::Flat& values);
// The changes that turn `from` into `to`.
std::vector<Change> difference(const settings::Flat& from, const settings::Flat& to);

}  // namespace bulkhead::datastore
