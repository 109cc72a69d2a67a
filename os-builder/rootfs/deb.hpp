// The files of a Debian binary package (deb(5), format 2.0), read from memory by libarchive.
//
// Paths come out under /usr where Debian's merged-/usr layout has them (/bin, /sbin, /lib, /lib64). Refused: absolute
// names and "..", device nodes, fifos and sockets, names given twice, and anything beyond the limits. Hard links become
// entries with the same content. Of control.tar only the control file is read, never a maintainer script.
#pragma once

#include "os-builder/rootfs/layer_store.hpp"

namespace bulkhead::rootfs {

struct DebLimits {
  std::size_t entries = 200'000;
  std::size_t path_bytes = 4096;
  std::uint64_t file_bytes = std::uint64_t{1} << 30U;
  std::uint64_t total_bytes = std::uint64_t{4} << 30U;
};

// Entries have an empty origin.
Result<Tree> read_deb(std::span<const std::byte> deb, const DebLimits& limits, const ContentSink& sink);

// The text of the package's control file (deb-control(5)); at most 1 MiB, among at most 1000 members of control.tar.
Result<std::string> read_control(std::span<const std::byte> deb);

// One stream in xz format, as kernel modules are stored; or in gzip format, as changelogs are.
Result<std::string> decompress_xz(std::span<const std::byte> bytes, std::uint64_t limit);
Result<std::string> decompress_gzip(std::span<const std::byte> bytes, std::uint64_t limit);

}  // namespace bulkhead::rootfs
