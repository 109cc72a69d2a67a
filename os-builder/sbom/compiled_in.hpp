// compiled-in.json: what the build of our programs compiled into them, as tools/compiled-in wrote it beside them;
// docs/formats/sbom.md, "Compiled-in code".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::sbom {

inline constexpr const char* kCompiledInFile = "compiled-in.json";

// A Debian package of the SDK.
struct SdkPackage {
  std::string version;
  std::string source;
  std::string source_version;

  bool operator==(const SdkPackage&) const = default;
};

struct CompiledIn {
  std::map<std::string, std::vector<std::string>, std::less<>> programs;  // program -> packages, each in `packages`
  std::map<std::string, SdkPackage, std::less<>> packages;

  bool operator==(const CompiledIn&) const = default;
};

// Strict; at most 1 MiB. Errors: data_loss.
Result<CompiledIn> parse_compiled_in(std::string_view text);

}  // namespace bulkhead::sbom
