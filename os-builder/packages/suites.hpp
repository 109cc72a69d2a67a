// Which suite each package of a variant comes from: named packages from the suite that names them, all others from the
// variant's own suites. Suites are known by their codename, which the signed Release file says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "os-builder/variant/variant.hpp"

namespace bulkhead::packages {

struct NamedSuite {
  std::string suite;
  std::string reason;  // why the package comes from there
};

class Suites {
 public:
  explicit Suites(const variant::Variant& variant);

  // The suites of packages that are not named.
  const std::vector<std::string>& base() const { return base_; }
  // The packages that come from another suite.
  const std::map<std::string, NamedSuite, std::less<>>& named() const { return named_; }

  bool is_base(std::string_view suite) const;
  bool allows(std::string_view package, std::string_view suite) const;

 private:
  std::vector<std::string> base_;
  std::map<std::string, NamedSuite, std::less<>> named_;
};

}  // namespace bulkhead::packages
