// Copies a small tree of files that nobody vouches for: directories and regular files, nothing else.
#pragma once

#include <cstdint>

#include "lib/base/result.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::file_system {

struct CopyLimits {
  std::uint64_t bytes = std::uint64_t{48} << 20U;
  unsigned files = 10'000;
  unsigned depth = 8;
};

// Into the existing, empty directory `to`, with the modes of before. Links, devices, pipes and sockets are left out;
// none is followed. Errors: those of reading and writing, and failed_precondition beyond a limit; what was copied by
// then stays. A tree with one unreadable file is no tree to go by, so nothing is skipped for that.
Result<> copy_tree(const sys::Path& from, const sys::Path& to, const CopyLimits& limits = {});

}  // namespace bulkhead::file_system
