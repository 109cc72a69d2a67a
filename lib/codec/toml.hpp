// TOML 1.0 as plain values with positions, and a strict reader for fixed shapes. The one place that knows toml++.
//
// Current limits: text up to 4 MiB, lines up to 2048 bytes unless the caller allows more, 1024 dots in a line, values
// nested up to 16 levels; dates and floating-point numbers are parsed but have no value, because no format of ours uses
// them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::codec::toml {

inline constexpr std::size_t kMaxText = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxLine = 2048;
inline constexpr std::size_t kMaxDots = kMaxLine / 2;  // of a line: bounds the tables that one dotted key makes

// 1-based, as editors count.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

struct Node;
using Array = std::vector<Node>;
using Table = std::map<std::string, Node, std::less<>>;
struct Unsupported {
  std::string_view type;  // "a date", "a floating-point number"
};

struct Node {
  Position position;
  Position key_position{};  // of its key, when it is in a table
  std::variant<bool, std::int64_t, std::string, Array, std::unique_ptr<Table>, Unsupported> value;

  const bool* boolean() const { return std::get_if<bool>(&value); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value); }
  const std::string* string() const { return std::get_if<std::string>(&value); }
  const Array* array() const { return std::get_if<Array>(&value); }
  const Table* table() const {
    const auto* owner = std::get_if<std::unique_ptr<Table>>(&value);
    return owner != nullptr ? owner->get() : nullptr;
  }
  // "a string", "a table", …: for messages
  std::string_view type_name() const;
};

// The top-level table. Errors: invalid_argument, "file:line:column: what is wrong".
Result<Table> parse(std::string_view text, const std::string& file, std::size_t longest_line = kMaxLine);

// invalid_argument with the place in front: "file:line:column: message".
template <class... Args>
Error error_at(const std::string& file, Position at, std::format_string<Args...> format, Args&&... args) {
  return error(ErrorCode::invalid_argument, "{}:{}:{}: {}", file, at.line, at.column,
               std::format(format, std::forward<Args>(args)...));
}

// The entries of a table in the order of the file.
std::vector<std::pair<std::string_view, const Node*>> in_file_order(const Table& table);

// A TOML basic string with its quotes. Control characters are escaped; the text must be UTF-8.
std::string quote(std::string_view text);

}  // namespace bulkhead::codec::toml
