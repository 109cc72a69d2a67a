// The keys of a variant file, each declared once: path, where it goes (which fixes its TOML type), checks, meaning.
// Reading, error messages, the search for the nearest key and the table in docs/formats/variant.md all come from here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "os-builder/variant/variant.hpp"

namespace bulkhead::variant {

using TextCheck = Result<> (*)(std::string_view);
using SizeCheck = Result<> (*)(std::uint64_t);

// Where a value is stored. Texts have a check of the whole value, lists of each element, maps of each name and each
// value.
struct Text {
  std::string Variant::* member;
  TextCheck check;
};
struct VersionText {
  Version Variant::* member;
};
struct Flag {
  bool Variant::* member;
};
struct ClusterSize {
  std::uint32_t Variant::* member;
  SizeCheck check;
};
struct PartitionSize {
  std::uint64_t PartitionSizes::* member;
  SizeCheck check;
};
struct TextList {
  std::vector<std::string> Variant::* member;
  TextCheck check;
};
struct TextMap {
  std::map<std::string, std::string> Variant::* member;
  TextCheck name_check;
  TextCheck check;
};
// suite -> package -> reason
struct SuiteMap {
  std::map<std::string, std::map<std::string, std::string>> Variant::* member;
};
struct UserMap {
  std::map<std::string, User> Variant::* member;
};
struct GroupMap {
  std::map<std::string, Group> Variant::* member;
};

using Target =
    std::variant<Text, VersionText, Flag, ClusterSize, PartitionSize, TextList, TextMap, SuiteMap, UserMap, GroupMap>;

struct Key {
  std::string_view path;  // "packages.install"
  Target target;
  bool required = false;  // must be set by the variant or something it inherits
  std::string_view meaning;
};

std::span<const Key> keys();

// "string", "list of strings", …
std::string_view type_name(const Target& target);

// The table of docs/formats/variant.md, one Markdown row per key.
std::string documentation();

}  // namespace bulkhead::variant
