#include "os-builder/packages/suites.hpp"

#include <algorithm>

namespace bulkhead::packages {

Suites::Suites(const variant::Variant& variant) : base_(variant.suites) {
  for (const auto& [suite, packages] : variant.packages_from) {
    for (const auto& [name, reason] : packages) named_.emplace(name, NamedSuite{suite, reason});
  }
}

bool Suites::is_base(std::string_view suite) const { return std::ranges::contains(base_, suite); }

bool Suites::allows(std::string_view package, std::string_view suite) const {
  const auto named = named_.find(package);
  return named != named_.end() ? named->second.suite == suite : is_base(suite);
}

}  // namespace bulkhead::packages
