// manifest.json: every file of a build with its size and digest; docs/formats/manifest.md.
#pragma once

#include <string>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/base/version.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::sbom {

struct ManifestFile {
  std::string name;  // in the output directory
  std::uint64_t size = 0;
  Sha256 sha256;

  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  std::string variant;
  Version version;
  std::string build_id;
  std::int64_t source_date_epoch = 0;
  Sha256 root_hash;
  std::vector<ManifestFile> files;  // sorted by name

  bool operator==(const Manifest&) const = default;
};

// Describes the file `name` in `directory`.
Result<ManifestFile> describe_file(const sys::Path& directory, const std::string& name);

std::string write_manifest(const Manifest& manifest);
// Strict; at most 1 MiB.
Result<Manifest> parse_manifest(std::string_view text);

}  // namespace bulkhead::sbom
