#include "node/console/banner.hpp"

#include <format>
#include <span>
#include <vector>

namespace bulkhead::console {
namespace {

constexpr std::size_t kMostProblems = 8;
constexpr std::size_t kLongestProblem = 400;

}  // namespace

std::string banner(std::string_view product, const node_state::NodeState& node) {
  using node_state::printable;
  std::string text =
      std::format("{} {} ({})\n", printable(product), node.running.version.to_string(), printable(node.variant));
  if (node.variant.ends_with("-dev")) text += "DEVELOPMENT IMAGE: anybody at this console is root\n";
  text += std::format("  slot      {} ({})\n", node_state::slot_letter(node.running), node_state::boot_text(node));
  std::vector<std::string> addresses;
  for (const node_state::Address& address : node.addresses)
    addresses.push_back(std::format("{} {}", address.interface, address.text));
  text += std::format("  network   {}\n", addresses.empty() ? "no address yet" : node_state::listed(addresses, ", "));
  text += std::format("  state     {}", to_string(state_of(node)));
  const std::vector<std::string> failed(node.failed_units.begin(), node.failed_units.end());
  if (!failed.empty()) text += ": " + node_state::listed(failed, ", ");
  text += '\n';
  for (const std::string& problem : std::span(node.problems).first(std::min(node.problems.size(), kMostProblems)))
    text += std::format("  problem   {}\n", printable(problem.substr(0, kLongestProblem)));
  return text;
}

}  // namespace bulkhead::console
