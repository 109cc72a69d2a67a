#include "api-server/console/banner.hpp"

#include <algorithm>

namespace bulkhead::console {
namespace {

constexpr std::size_t kMostListed = 8;
constexpr std::size_t kLongestProblem = 400;

// Consoles obey control characters; whoever names a unit or an interface must not.
std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(result, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return result;
}

template <class Range, class Projection>
std::string joined(const Range& items, std::string_view separator, Projection text) {
  std::string result;
  std::size_t count = 0;
  for (const auto& item : items) {
    if (++count > kMostListed) {
      return result + std::format("{}and {} more", separator, items.size() - kMostListed);
    }
    result += (result.empty() ? "" : std::string(separator)) + printable(text(item));
  }
  return result;
}

std::string joined_units(const NodeView& view, std::string_view separator) {
  return joined(view.failed_units, separator, [](const std::string& unit) { return unit; });
}

std::string slot_letter(const NodeView& view) {
  return view.running.slot ? std::string(gpt::to_string(*view.running.slot)) : "?";
}

}  // namespace

std::string_view state_of(const NodeView& view) {
  if (!view.failed_units.empty() || !view.problems.empty()) return "degraded";
  const bool assessed = view.running.reason != slots::Reason::trial || view.blessed;
  return view.boot_complete && assessed ? "ready" : "starting";
}

std::string banner(const NodeView& view) {
  std::string text =
      std::format("{} {} ({})\n", printable(view.product), view.running.version.to_string(), printable(view.variant));
  if (view.variant.ends_with("-dev")) text += "DEVELOPMENT IMAGE: anybody at this console is root\n";
  text += std::format("  slot      {} ({}{})\n", slot_letter(view), slots::describe(view.running),
                      view.blessed ? ", blessed" : "");
  const std::string addresses = joined(view.addresses, ", ", [](const Address& address) {
    return std::format("{} {}", address.interface, address.text);
  });
  text += std::format("  network   {}\n", addresses.empty() ? "no address yet" : addresses);
  text += std::format("  state     {}", state_of(view));
  if (!view.failed_units.empty()) text += ": " + joined_units(view, ", ");
  text += '\n';
  std::size_t shown = 0;
  for (const std::string& problem : view.problems) {
    if (++shown > kMostListed) break;
    text += std::format("  problem   {}\n", printable(problem.substr(0, kLongestProblem)));
  }
  return text;
}

std::string status_line(const NodeView& view) {
  return std::format("bulkhead: state={} slot={} version={} boot={} variant={} addresses={} failed={} problems={}\n",
                     state_of(view), slot_letter(view), view.running.version.to_string(),
                     slots::to_string(view.running.reason), printable(view.variant),
                     joined(view.addresses, ",", [](const Address& address) { return address.text; }),
                     joined_units(view, ","), view.problems.size());
}

}  // namespace bulkhead::console
