// The line by which a node tells its state on the serial console, one per change, for programs:
//
//   bulkhead: state=ready version=1.2.3 variant=kvm slot=A …
//
// Fields are separated by spaces; a value with spaces is put in double quotes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::vm {

inline constexpr std::string_view kNodeStatePrefix = "bulkhead: state=";

struct NodeState {
  std::string state;                          // "starting", "ready", "degraded"
  std::map<std::string, std::string> fields;  // all of them, with "state"

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }
  bool operator==(const NodeState&) const = default;
};

// Nothing when the line carries no state. Kernel messages may stand before it on the same line.
std::optional<NodeState> parse_node_state(std::string_view line);

}  // namespace bulkhead::vm
