#include "lib/settings/shape.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/settings/pattern.hpp"

namespace bulkhead::settings {

const Member* Shape::find(std::string_view member) const {
  const auto found = std::ranges::find(members, member, &Member::name);
  return found == members.end() ? nullptr : &*found;
}

bool fits_text(std::string_view text, const Shape& shape) {
  if (!shape.values.empty()) return std::ranges::contains(shape.values, text);
  if (text.size() > shape.longest || !is_utf8(text) || text.contains('\0')) return false;
  return (shape.pattern.empty() || matches(text, shape.pattern)) && (shape.passes == nullptr || shape.passes(text));
}

Result<> check_text(std::string_view text, const Shape& shape) {
  if (fits_text(text, shape)) return {};
  return fail(ErrorCode::invalid_argument, "not {}{}", description(shape),
              shape.rule.empty() ? "" : std::format(" ({})", shape.rule));
}

std::string description(const Shape& shape) {
  switch (shape.kind) {
    case Kind::boolean: return "true or false";
    case Kind::integer: return std::format("a whole number from {} to {}", shape.least, shape.most);
    case Kind::string: {
      if (shape.values.empty()) return std::string(shape.name);
      std::string text = "one of";
      for (const std::string& value : shape.values) text += std::format(" \"{}\"", value);
      return text;
    }
    case Kind::list: return std::format("a list (each: {})", description(*shape.element));
    case Kind::map:
      return std::format("a table (each name: {}; each value: {})", description(*shape.names),
                         description(*shape.element));
    case Kind::group: return "a table";
    case Kind::choice: {
      std::string text;
      for (const Shape* choice : shape.choices) text += (text.empty() ? "" : ", or ") + description(*choice);
      return text;
    }
  }
  return {};
}

}  // namespace bulkhead::settings
