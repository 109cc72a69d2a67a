// Any bytes are read as a changelog; every name is one that could be a CVE's, and comparing versions accepts all of
// them.
#include "os-builder/outdated/changelog.hpp"

#include <cstdint>
#include <cstdlib>

namespace outdated = bulkhead::outdated;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entries = outdated::parse_changelog({reinterpret_cast<const char*>(data), size});
  for (const outdated::ChangelogEntry& entry : entries) {
    if (entry.version.empty()) std::abort();
    for (const std::string& name : entry.cves) {
      if (!name.starts_with("CVE-") || name.size() < 13 || name.size() > 28) std::abort();
    }
  }
  if (outdated::added_names(entries, "1.0-1", entries).cves != outdated::CveNames()) std::abort();
  return 0;
}
