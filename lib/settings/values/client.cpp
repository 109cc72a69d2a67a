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
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  bool any = false;
  for (const char c : text) {
    if (c == ':') continue;
    const char digit = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((digit < '0' || digit > '9') && (digit < 'a' || digit > 'f'))
      return fail(ErrorCode::invalid_argument, "{} is no digit of a hexadecimal number", c);
    any = true;
    if (digit != '0' || !number.digits_.empty()) number.digits_ += digit;
  }
  if (!any) return fail(ErrorCode::invalid_argument, "there are no digits");
  return number;
}

}  // namespace bulkhead::settings::value
