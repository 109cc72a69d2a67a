#include "os-builder/stage/inputs.hpp"

namespace bulkhead::stage {

NamedDigest& NamedDigest::add(std::string_view name, std::string_view value) {
  stream_.update(std::format("{}:{}={}:", name.size(), name, value.size())).update(value);
  return *this;
}

}  // namespace bulkhead::stage
