// STATE or DATA on the system disk, with e2fsprogs and mount(2).
#pragma once

#include <chrono>

#include "lib/sys/file.hpp"
#include "node/file-system/bring_up.hpp"
#include "node/file-system/links.hpp"
#include "node/file-system/superblock.hpp"

namespace bulkhead::file_system {

// How long one run of e2fsck, resize2fs or mke2fs may take before it is killed and counts as failed. STATE, for which
// the API and the network wait: a minute; it has 64 MiB. DATA, for which only containers wait: ten minutes and two
// seconds for each GiB, several times what a full check takes on a slow disk (1 TiB: 44 minutes).
std::chrono::seconds limit_of_helpers(FileSystem which, std::uint64_t bytes);

class DiskPartition final : public MountablePartition {
 public:
  explicit DiskPartition(FileSystem which) : which_(which) {}

  Result<bool> read_only() override;
  Result<> accept(const Check& check) override;
  Result<CheckResult> check(const Check& check) override;
  Result<std::uint64_t> room() override;
  Result<> grow() override;
  Result<> mount() override;
  Result<> mount_copy() override;

  // Makes an empty file system, and with it everything that was there unreachable. Errors: failed_precondition when the
  // partition is in use; those of mke2fs.
  Result<> format();

  // Links that mount() has removed (links.hpp): of DATA, before anybody can follow them.
  const RemovedLinks& removed_links() const { return removed_links_; }

 private:
  Result<> require_unused() const;
  Result<Superblock> superblock(std::uint64_t offset) const;
  Result<std::uint64_t> size() const;

  FileSystem which_;
  RemovedLinks removed_links_{};
};

}  // namespace bulkhead::file_system
