// Values of settings that identify clients of the remote API. Immutable.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "lib/base/result.hpp"

namespace bulkhead::settings::value {

// The common name of a certificate, or its beginning followed by '*': "monitor", "ops-*".
class SubjectPattern {
 public:
  static Result<SubjectPattern> parse(std::string_view text);

  bool matches(std::string_view common_name) const;

  auto operator<=>(const SubjectPattern&) const = default;

 private:
  std::string beginning_;
  bool open_ = false;  // anything may follow
};

// A certificate's serial number, in any form that tools print: "0A:1B", "0xA1B" and "a1b" are the same.
// Errors: invalid_argument for what is no hexadecimal number.
class SerialNumber {
 public:
  static Result<SerialNumber> parse(std::string_view text);

  auto operator<=>(const SerialNumber&) const = default;

 private:
  std::string digits_;  // in lower case, without leading zeros and separators
};

}  // namespace bulkhead::settings::value
