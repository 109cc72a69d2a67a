#include "os-builder/build/report.hpp"

#include <nlohmann/json.hpp>

namespace bulkhead::build {

std::string to_text(const BuildResult& result) {
  return std::format(
      "{}  {} {}, build {}\n"
      "root hash  {}\n"
      "images     {}\n",
      result.changed ? "built    " : "unchanged", result.variant, result.version.to_string(), result.build_id,
      result.root_hash.to_string(), result.directory.native());
}

std::string to_json(const BuildResult& result) {
  const nlohmann::ordered_json json = {
      {"schema", "bulkhead.build/1"},
      {"variant", result.variant},
      {"version", result.version.to_string()},
      {"build_id", result.build_id},
      {"root_hash", result.root_hash.to_string()},
      {"directory", result.directory.native()},
      {"changed", result.changed},
  };
  return json.dump(2) + "\n";
}

}  // namespace bulkhead::build
