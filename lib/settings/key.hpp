// Names of settings: segments with dots between them, as in kubernetes.node-labels."example.com/role".
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::settings {

inline constexpr std::size_t kLongestKey = 1024;

class Key {
 public:
  // No segment: the root of all settings, whose text is empty.
  Key() = default;
  explicit Key(std::vector<std::string> segments) : segments_(std::move(segments)) {}

  // A segment of letters, digits, '_' and '-' stands for itself; any other one is put in double quotes, inside which
  // every character but '"' and control characters stands for itself. A leading "settings." is dropped, because
  // Bottlerocket's users write it. Errors: invalid_argument.
  static Result<Key> parse(std::string_view text);
  std::string to_string() const;

  const std::vector<std::string>& segments() const { return segments_; }
  bool empty() const { return segments_.empty(); }
  Key child(std::string segment) const;
  // True for the key itself and for everything below it.
  bool is_below(const Key& ancestor) const;

  auto operator<=>(const Key&) const = default;

 private:
  std::vector<std::string> segments_;
};

}  // namespace bulkhead::settings
