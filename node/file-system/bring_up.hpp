// From a partition to a mounted file system, whatever state it is in: the order of what is tried.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/file_systems/outcome.hpp"

namespace bulkhead::file_system {

using file_systems::FileSystem;
using file_systems::FileSystemOutcome;

// What e2fsck(8) did, from its exit status.
enum class Verdict : std::uint8_t {
  clean,      // 0
  corrected,  // 1, 2
  failed,     // everything else
};

struct Check {
  bool force = false;                                // even if the file system says that it is clean
  std::optional<std::uint64_t> backup_superblock{};  // block number
  std::uint32_t block_size = 0;                      // of that number, bytes

  bool operator==(const Check&) const = default;
};

struct CheckResult {
  Verdict verdict = Verdict::failed;
  std::string complaint{};  // the last line that e2fsck printed
};

// The seam between the order of steps and the machine: partition.hpp has the real one.
class MountablePartition {
 public:
  MountablePartition() = default;
  MountablePartition(const MountablePartition&) = delete;
  MountablePartition& operator=(const MountablePartition&) = delete;
  virtual ~MountablePartition() = default;

  // The disk or its driver refuses writing. Errors: not_found when there is no such partition.
  virtual Result<bool> read_only() = 0;
  // Whether the superblock that this check would use asks only for what our own file systems have. Neither e2fsck nor
  // the kernel is let at another. Errors: data_loss without a superblock; verification_failed, naming what it asks for.
  virtual Result<> accept(const Check& check) = 0;
  // Errors: those of starting e2fsck; unavailable when it took too long.
  virtual Result<CheckResult> check(const Check& check) = 0;
  // How much larger the partition is than its file system, bytes. Errors: those of accept().
  virtual Result<std::uint64_t> room() = 0;
  // Makes the file system as large as its partition, which must have been checked with force. By resize2fs(8) before
  // the mount: what is wrong with the file system then ends a program, not the kernel.
  virtual Result<> grow() = 0;
  // Mounts it in its place, to be written to. Errors carry what the kernel said.
  virtual Result<> mount() = 0;
  // Copies every file into a file system in memory and mounts that in its place. Nothing is mounted on error.
  virtual Result<> mount_copy() = 0;
};

// Never fails: when nothing helps, the outcome is `lost`, and nothing is mounted. Only STATE, which is small and which
// decides who may reach the node, is copied when it cannot be written to.
FileSystemOutcome bring_up(FileSystem which, MountablePartition& partition);

}  // namespace bulkhead::file_system
