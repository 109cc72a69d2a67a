#include "lib/settings/shape.hpp"

#include <algorithm>

namespace bulkhead::settings {

const Member* Shape::find(std::string_view member) const {
  const auto found = std::ranges::find(members, member, &Member::name);
  return found == members.end() ? nullptr : &*found;
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
    case Kind::list: return std::format("a list, each element {}", description(*shape.element));
    case Kind::map:
      return std::format("a table, each name {}, each value {}", description(*shape.names),
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
