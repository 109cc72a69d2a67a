#include "lib/net/http.hpp"

#include <algorithm>

namespace bulkhead::net {

std::string_view ClientResponse::header(std::string_view name) const {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto found = std::ranges::find_if(
      headers, [&](const auto& field) { return std::ranges::equal(field.first, name, {}, lower, lower); });
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace bulkhead::net
