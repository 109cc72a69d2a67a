#include "lib/node_state/node_state.hpp"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

#include "lib/base/text.hpp"

namespace bulkhead::node_state {
namespace {

constexpr std::size_t kMostListed = 8;
constexpr std::array kStates = {State::starting, State::ready, State::degraded};

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

std::string_view to_string(State state) {
  switch (state) {
    case State::starting: return "starting";
    case State::ready: return "ready";
    case State::degraded: return "degraded";
  }
  std::unreachable();
}

std::optional<State> parse_state(std::string_view text) {
  const auto* found = std::ranges::find(kStates, text, [](State state) { return to_string(state); });
  if (found == kStates.end()) return std::nullopt;
  return *found;
}

bool settings_not_in_effect(std::string_view problems) {
  return std::ranges::any_of(split(problems, '\n'), [](std::string_view line) {
    const std::string_view name = line.substr(0, line.find(": "));
    return line.starts_with(kRefusedSetting) || name == kUnreadableSettings || name == kFailedConfiguration;
  });
}

State state_of(const NodeState& node) {
  if (!node.failed_units.empty() || !node.problems.empty()) return State::degraded;
  const bool assessed = node.running.reason != slots::Reason::trial || node.blessed;
  return node.boot_complete && assessed ? State::ready : State::starting;
}

std::string boot_text(const NodeState& node) {
  return slots::describe(node.running) + (node.blessed ? ", blessed" : "");
}

std::string slot_letter(const slots::RunningSlot& running) {
  return running.slot ? std::string(gpt::to_string(*running.slot)) : "?";
}

std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(result, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return result;
}

std::string listed(std::span<const std::string> items, std::string_view separator) {
  std::string result;
  for (const std::string& item : items.first(std::min(items.size(), kMostListed)))
    result += (result.empty() ? "" : std::string(separator)) + printable(item);
  if (items.size() > kMostListed) result += std::format("{}and {} more", separator, items.size() - kMostListed);
  return result;
}

std::string status_line(const NodeState& node) {
  std::vector<std::string> addresses;
  for (const Address& address : node.addresses) addresses.push_back(address.text);
  const std::vector<std::string> failed(node.failed_units.begin(), node.failed_units.end());
  return std::format("bulkhead: state={} slot={} version={} boot={} variant={} addresses={} failed={} problems={}\n",
                     to_string(state_of(node)), slot_letter(node.running), node.running.version.to_string(),
                     slots::to_string(node.running.reason), printable(node.variant), listed(addresses, ","),
                     listed(failed, ","), node.problems.size());
}

std::optional<StatusLine> parse_status_line(std::string_view line) {
  const std::size_t start = line.find(kStatusLinePrefix);
  if (start == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(start + kStatusLinePrefix.find("state="));
  StatusLine result;
  while (!rest.empty()) {
    if (rest.starts_with(' ')) {
      rest.remove_prefix(1);
      continue;
    }
    auto [name, value] = take_field(rest);
    if (!name.empty()) result.fields.emplace(std::move(name), std::move(value));
  }
  const auto state = parse_state(result.field("state"));
  if (!state) return std::nullopt;
  result.state = *state;
  return result;
}

}  // namespace bulkhead::node_state
