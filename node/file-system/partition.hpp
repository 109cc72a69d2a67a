// STATE or DATA on the system disk, with e2fsprogs and mount(2).
#pragma once

#include "node/file-system/bring_up.hpp"

namespace bulkhead::file_system {

class DiskPartition final : public Partition {
 public:
  explicit DiskPartition(FileSystem which) : which_(which) {}

  Result<bool> read_only() override;
  Result<CheckResult> check(const Check& check) override;
  Result<std::uint64_t> room() override;
  Result<> grow() override;
  Result<> mount() override;
  Result<> mount_copy() override;

  // Makes an empty file system, and with it everything that was there unreachable. Errors: failed_precondition when the
  // partition is in use; those of mke2fs.
  Result<> format();

 private:
  Result<> require_unused() const;

  FileSystem which_;
};

}  // namespace bulkhead::file_system
