// A variant while its files are merged into it, with the place that each value came from.
#pragma once

#include "lib/codec/toml.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::variant {

// Merge rule: scalars and map entries of later files win; lists are appended, where an element that is there already
// keeps its place (twice in one file is an error); `name = false` removes a map entry and is an error when there is
// none.
class Draft {
 public:
  // Merges the keys of one parsed file, except `inherits`. `file` is for messages.
  Result<> merge(const codec::toml::Table& table, const std::string& file);

  // Checks the merged variant: required keys, contradictions. `file` is the variant's own file.
  Result<Variant> finish(const std::string& file) &&;

 private:
  friend struct Store;

  struct Place {
    std::string file;
    codec::toml::Position at;
  };

  Result<> merge_section(const codec::toml::Table& table, const std::string& prefix, const std::string& file);
  Error at_place(const std::string& key, std::string message) const;
  Result<> check_accounts() const;
  Result<> check_contradictions() const;
  Result<> check_suites() const;

  Variant variant_;
  std::map<std::string, Place, std::less<>>
      places_;  // "packages.install", "packages.install.crun", "units.mask[x.service]"
};

// The value of `inherits`: names of shared files, in order, with their positions. Empty when the key is missing.
Result<std::vector<std::pair<std::string, codec::toml::Position>>> inherited(const codec::toml::Table& table,
                                                                             const std::string& file);

}  // namespace bulkhead::variant
