#include "lib/vm/node_state.hpp"

#include <algorithm>

namespace bulkhead::vm {
namespace {

// Cuts `name=value` or `name="a value"` off the front of `rest`.
std::pair<std::string, std::string> take_field(std::string_view& rest) {
  const std::size_t equals = std::min(rest.find_first_of("= "), rest.size());
  std::string name(rest.substr(0, equals));
  rest.remove_prefix(equals);
  if (!rest.starts_with('=')) return {std::move(name), ""};
  rest.remove_prefix(1);
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find(quoted ? '"' : ' '), rest.size());
  std::string value(rest.substr(0, end));
  rest.remove_prefix(std::min(end + (quoted ? 1 : 0), rest.size()));
  return {std::move(name), std::move(value)};
}

}  // namespace

std::optional<NodeState> parse_node_state(std::string_view line) {
  const std::size_t start = line.find(kNodeStatePrefix);
  if (start == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(start + kNodeStatePrefix.find("state="));
  NodeState result;
  while (!rest.empty()) {
    if (rest.starts_with(' ')) {
      rest.remove_prefix(1);
      continue;
    }
    auto [name, value] = take_field(rest);
    if (!name.empty()) result.fields.emplace(std::move(name), std::move(value));
  }
  result.state = result.field("state");
  if (result.state.empty()) return std::nullopt;
  return result;
}

}  // namespace bulkhead::vm
