// Downloads files of the archive through libapt: one connection per host, pipelined, hosts in parallel.
#pragma once

#include <vector>

#include "os-builder/packages/apt_session.hpp"

namespace bulkhead::packages {

// Fetches each package's file into `directory`/<sha256>.deb. Sources whose suite is the package's are asked first, then
// all others, so that a locked version can come from any mirror that still has it. Files that a local archive links are
// copied. The digest is checked by libapt; the caller checks it again on the stored bytes. Errors: the first package
// that no source delivered, with the reason of the last source.
Result<> download(AptSession& session, const std::vector<Package>& packages, const sys::Path& directory,
                  const OnProgress& progress);

}  // namespace bulkhead::packages
