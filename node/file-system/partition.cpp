#include "node/file-system/partition.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>

#include "lib/base/text.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "lib/sys/child.hpp"
#include "node/file-system/copy.hpp"

namespace bulkhead::file_system {
namespace {

using file_systems::device;
using file_systems::label;
using file_systems::mount_point;

constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME;
// Whatever the superblock says: a file system that turns out to be damaged must not stop the kernel.
constexpr const char* kStateOptions = "errors=remount-ro";
constexpr const char* kDataOptions = "errors=remount-ro,commit=30";
constexpr const char* kCopyOptions = "mode=0700,size=64M";
// Only root comes here, and nothing but STATE is ever looked at this way.
constexpr const char* kOldState = "/run/bulkhead/file-systems/unwritable-state";

// e2fsck(8), EXIT CODE
constexpr int kCorrected = 1;
constexpr int kCorrectedAndReboot = 2;

std::string last_line(std::string_view text) {
  std::string_view rest = trim(text);
  const auto line = rest.rfind('\n');
  if (line != std::string_view::npos) rest.remove_prefix(line + 1);
  return std::string(rest);
}

Result<> mount_at(const char* source, const char* target, const char* type, unsigned long flags, const char* options) {
  if (::mount(source, target, type, flags, options) < 0) return fail_errno("mounting {}", source);
  return {};
}

// Mounted while this object lives.
class ReadOnlyMount {
 public:
  const sys::Path& path() const { return target_; }
  static Result<ReadOnlyMount> open(const char* source, const sys::Path& target) {
    TRY(sys::create_directories(target));
    // The journal cannot be replayed on a disk that takes no writes.
    TRY(mount_at(source, target.c_str(), "ext4", kFlags | MS_RDONLY, "noload,errors=continue"));
    return ReadOnlyMount(target);
  }
  ReadOnlyMount(ReadOnlyMount&& other) noexcept : target_(std::exchange(other.target_, {})) {}
  ReadOnlyMount& operator=(ReadOnlyMount&&) = delete;
  ~ReadOnlyMount() {
    if (!target_.empty()) ::umount2(target_.c_str(), MNT_DETACH);
  }

 private:
  explicit ReadOnlyMount(sys::Path target) : target_(std::move(target)) {}
  sys::Path target_;
};

}  // namespace

Result<bool> DiskPartition::read_only() {
  const auto opened = sys::open_file(device(which_), O_RDONLY | O_NONBLOCK);
  if (!opened) {
    if (opened.error().code != ErrorCode::not_found) return fail(opened.error());
    return fail(ErrorCode::not_found, "the system disk has no partition for {}", label(which_));
  }
  int read_only = 0;
  if (::ioctl(opened->get(), BLKROGET, &read_only) < 0) return fail_errno("looking at {}", device(which_));
  return read_only != 0;
}

Result<CheckResult> DiskPartition::check(const Check& check) {
  std::vector<std::string> arguments = {"/usr/sbin/e2fsck", "-y"};
  if (check.force) arguments.emplace_back("-f");
  if (check.backup_superblock) {
    arguments.insert(arguments.end(),
                     {"-b", std::to_string(*check.backup_superblock), "-B", std::to_string(check.block_size)});
  }
  arguments.emplace_back(device(which_));
  const sys::Output output = TRY(sys::run({.arguments = std::move(arguments)}));
  const bool corrected = output.exit_status != 0 && (output.exit_status & ~(kCorrected | kCorrectedAndReboot)) == 0;
  return CheckResult{.verdict = output.exit_status == 0 ? Verdict::clean
                                : corrected             ? Verdict::corrected
                                                        : Verdict::failed,
                     .complaint = last_line(output.err.empty() ? output.out : output.err)};
}

// ext4, "Super Block" (the kernel's Documentation/filesystems/ext4): little-endian.
Result<std::uint64_t> DiskPartition::room() {
  const sys::UniqueFd partition = TRY(sys::open_file(device(which_), O_RDONLY));
  std::array<std::byte, 1024> superblock{};
  TRY(sys::read_exactly_at(partition.get(), superblock, 1024));
  const auto number = [&](std::size_t offset) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
      value |= std::to_integer<std::uint32_t>(superblock[offset + i]) << 8 * i;
    return value;
  };
  constexpr std::size_t kBlocksLow = 0x4;
  constexpr std::size_t kLogBlockSize = 0x18;  // of a KiB
  constexpr std::size_t kMagic = 0x38;
  constexpr std::size_t kIncompatible = 0x60;
  constexpr std::size_t kBlocksHigh = 0x150;
  constexpr std::uint32_t kExt4 = 0xef53;
  constexpr std::uint32_t k64Bit = 0x80;
  constexpr std::uint32_t kLargestLog = 6;
  if ((number(kMagic) & 0xffffU) != kExt4 || number(kLogBlockSize) > kLargestLog)
    return fail(ErrorCode::data_loss, "{} has no superblock", label(which_));
  const std::uint64_t high = (number(kIncompatible) & k64Bit) != 0 ? number(kBlocksHigh) : 0;
  const std::uint64_t blocks = high << 32U | number(kBlocksLow);
  std::uint64_t size = 0;
  if (::ioctl(partition.get(), BLKGETSIZE64, &size) < 0) return fail_errno("looking at {}", device(which_));
  const std::uint64_t fitting = size >> (10U + number(kLogBlockSize));
  return fitting <= blocks ? 0 : (fitting - blocks) << (10U + number(kLogBlockSize));
}

Result<> DiskPartition::grow() {
  TRY(sys::run_checked({.arguments = {"/usr/sbin/resize2fs", device(which_)}}));
  return {};
}

Result<> DiskPartition::mount() {
  return mount_at(device(which_), mount_point(which_), "ext4", kFlags,
                  which_ == FileSystem::data ? kDataOptions : kStateOptions);
}

Result<> DiskPartition::mount_copy() {
  const ReadOnlyMount old = TRY(ReadOnlyMount::open(device(which_), kOldState));
  TRY(mount_at("tmpfs", mount_point(which_), "tmpfs", kFlags, kCopyOptions));
  if (auto copied = copy_tree(old.path(), mount_point(which_)); !copied) {
    ::umount2(mount_point(which_), MNT_DETACH);
    return fail(std::move(copied).error().with_context("copying it"));
  }
  return {};
}

Result<> DiskPartition::require_unused() const {
  // A mounted file system holds its device this way, too. mke2fs, which does the same, would only say "in use".
  const auto exclusive = sys::open_file(device(which_), O_RDONLY | O_EXCL | O_NONBLOCK);
  if (exclusive) return {};
  return fail(ErrorCode::failed_precondition, "{} is in use: {}", label(which_), exclusive.error().describe());
}

Result<> DiskPartition::format() {
  const bool unwritable = TRY(read_only());
  if (unwritable) return fail(ErrorCode::failed_precondition, "the disk is read-only");
  TRY(require_unused());
  const std::string name(which_ == FileSystem::state ? gpt::kStateLabel : gpt::kDataLabel);
  TRY(sys::run_checked({.arguments = {"/usr/sbin/mkfs.ext4", "-q", "-F", "-L", name, device(which_)}}));
  return {};
}

}  // namespace bulkhead::file_system
