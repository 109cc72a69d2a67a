// libapt-pkg, set up for an archive of ours instead of the machine that builds. Only files named apt_* know libapt.
//
// libapt keeps its configuration and its errors in globals: a session holds a process-wide mutex for as long as it
// lives. It reads nothing of the host but the sources, their keys, credentials (auth.conf) and proxies below
// ArchiveOptions::sources; it writes only below ArchiveOptions::cache_dir/apt. The caller holds the lock of the cache
// directory against other processes.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "os-builder/packages/package_set.hpp"

class pkgSourceList;  // NOLINT(readability-identifier-naming): libapt-pkg's

namespace bulkhead::packages {

class AptSession {
 public:
  // Errors: failed_precondition when there are no sources or one is marked as trusted without a signature.
  static Result<AptSession> open(const ArchiveOptions& archive);
  AptSession(AptSession&&) noexcept;
  AptSession& operator=(AptSession&&) = delete;
  ~AptSession();

  // Brings the signed lists up to date. On error some suites may be newer than others; each one is consistent and
  // verified. Errors: verification_failed (signature, date, digest), unavailable (no answer), not_found (no such
  // suite).
  Result<> refresh(const ArchiveOptions& archive, const OnProgress& progress);

  // What the Release files in the cache say, in the order of the sources. not_found when the lists of a source are
  // missing.
  Result<std::vector<Release>> releases();

  pkgSourceList& sources() { return *sources_; }

 private:
  AptSession(std::unique_lock<std::mutex> lock, std::unique_ptr<pkgSourceList> sources);

  std::unique_lock<std::mutex> lock_;
  std::unique_ptr<pkgSourceList> sources_;
};

// libapt's errors since the last call, as one error with `code`; its error stack is empty afterwards.
Error take_apt_error(ErrorCode code, std::string_view what);

}  // namespace bulkhead::packages
