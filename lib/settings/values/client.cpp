#include "lib/settings/values/client.hpp"

namespace bulkhead::settings::value {

Result<SubjectPattern> SubjectPattern::parse(std::string_view text) {
  SubjectPattern pattern;
  pattern.open_ = text.ends_with('*');
  if (pattern.open_) text.remove_suffix(1);
  pattern.beginning_ = text;
  return pattern;
}

bool SubjectPattern::matches(std::string_view common_name) const {
  return open_ ? common_name.starts_with(beginning_) : common_name == beginning_;
}

Result<SerialNumber> SerialNumber::parse(std::string_view text) {
  SerialNumber number;
  for (const char c : text) {
    if (c == ':' || (c == '0' && number.digits_.empty())) continue;
    number.digits_ += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return number;
}

}  // namespace bulkhead::settings::value
