// The text that a console shows about the node. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "lib/node_state/node_state.hpp"

namespace bulkhead::console {

// A few lines for people, each ending with '\n'. `product` is NAME of os-release. Control characters of foreign text
// are removed.
std::string banner(std::string_view product, const node_state::NodeState& node);

}  // namespace bulkhead::console
