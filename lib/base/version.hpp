// A version of the operating system image: MAJOR.MINOR.PATCH, each part a plain number, optionally "-PRERELEASE".
// Syntax and ordering follow Semantic Versioning 2.0.0, sections 9 and 11, without build metadata.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead {

class Version {
 public:
  static Result<Version> parse(std::string_view text);

  std::string to_string() const;

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const = default;

 private:
  std::uint32_t major_ = 0;
  std::uint32_t minor_ = 0;
  std::uint32_t patch_ = 0;
  std::string prerelease_;
};

}  // namespace bulkhead
