// Any text is either a list of advisories, each with a name and a source package, or an error.
#include "os-builder/outdated/advisories.hpp"

#include <cstdint>

namespace outdated = bulkhead::outdated;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto advisories = outdated::parse_advisories({reinterpret_cast<const char*>(data), size}, "file");
  if (!advisories) return 0;
  bulkhead::packages::Package package;
  package.source = "crun";
  package.source_version = "1.21-1";
  package.suite = "trixie";
  for (const outdated::Advisory& advisory : *advisories) outdated::applies(advisory, package, {{"trixie", "13.2", 0}});
  return 0;
}
