// What a client of the node's API may do.
#pragma once

#include <string_view>
#include <utility>

namespace bulkhead {

// Each includes the ones before it. Who has none, std::optional<Role>(), may do nothing: it compares as less.
enum class Role { reader, operator_role, admin };

// As settings and JSON have it.
constexpr std::string_view to_string(Role role) {
  switch (role) {
    case Role::reader: return "reader";
    case Role::operator_role: return "operator";
    case Role::admin: return "admin";
  }
  std::unreachable();
}

}  // namespace bulkhead
