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
// Nothing of ours makes links on STATE. On DATA, the content of containers' volumes has some.
constexpr unsigned long kStateFlags = kFlags | MS_NOSYMFOLLOW;
// Whatever the superblock says: a file system that turns out to be damaged must not stop the kernel.
constexpr const char* kStateOptions = "errors=remount-ro";
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

// Whatever the disk says about its own root directory: settings and keys are for root alone. A file system that does
// not take this takes no settings either.
Result<> close_to_others(const char* directory) {
  constexpr mode_t kMode = 0700;
  const sys::UniqueFd root = TRY(sys::open_file(directory, O_RDONLY | O_DIRECTORY));
  struct stat info{};
  if (::fstat(root.get(), &info) < 0) return fail_errno("looking at {}", directory);
  if (info.st_uid == 0 && info.st_gid == 0 && (info.st_mode & 07777U) == kMode) return {};
  if (::fchown(root.get(), 0, 0) < 0 || ::fchmod(root.get(), kMode) < 0)
    return fail_errno("closing {} to other users", directory);
  return {};
}

Result<> mount_state(const char* source, const char* target) {
  TRY(mount_at(source, target, "ext4", kStateFlags, kStateOptions));
  auto closed = close_to_others(target);
  if (!closed) ::umount2(target, MNT_DETACH);
  return closed;
}

// DATA, mounted nowhere yet (fsopen(2), fsmount(2)): whoever is killed meanwhile leaves nothing behind.
Result<sys::UniqueFd> detached_data(const char* source) {
  const sys::UniqueFd context(::fsopen("ext4", FSOPEN_CLOEXEC));
  if (!context) return fail_errno("mounting {}", source);
  const std::array<std::pair<const char*, const char*>, 3> options = {
      {{"source", source}, {"errors", "remount-ro"}, {"commit", "30"}}};
  for (const auto& [name, value] : options) {
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, name, value, 0) < 0)
      return fail_errno("mounting {}: option {}", source, name);
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return fail_errno("mounting {}", source);
  constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME;
  sys::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
  if (!mount) return fail_errno("mounting {}", source);
  return mount;
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

std::chrono::seconds limit_of_helpers(FileSystem which, std::uint64_t bytes) {
  constexpr std::chrono::seconds kState(60);
  constexpr std::chrono::seconds kData(600);
  constexpr std::chrono::seconds kEachGiB(2);
  if (which == FileSystem::state) return kState;
  return kData + kEachGiB * static_cast<std::int64_t>(bytes >> 30U);
}

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
  const std::uint64_t bytes = TRY(size());
  const sys::Output output =
      TRY(sys::run({.arguments = std::move(arguments), .limit = limit_of_helpers(which_, bytes)}));
  const bool corrected = output.exit_status != 0 && (output.exit_status & ~(kCorrected | kCorrectedAndReboot)) == 0;
  return CheckResult{.verdict = output.exit_status == 0 ? Verdict::clean
                                : corrected             ? Verdict::corrected
                                                        : Verdict::failed,
                     .complaint = last_line(output.err.empty() ? output.out : output.err)};
}

Result<> DiskPartition::accept(const Check& check) {
  const std::uint64_t offset =
      check.backup_superblock ? *check.backup_superblock * check.block_size : kSuperblockOffset;
  TRY(superblock(offset));
  return {};
}

Result<Superblock> DiskPartition::superblock(std::uint64_t offset) const {
  const sys::UniqueFd partition = TRY(sys::open_file(device(which_), O_RDONLY));
  std::array<std::byte, kSuperblockSize> bytes{};
  TRY(sys::read_exactly_at(partition.get(), bytes, offset));
  return read_superblock(bytes);
}

Result<std::uint64_t> DiskPartition::size() const {
  const sys::UniqueFd partition = TRY(sys::open_file(device(which_), O_RDONLY));
  std::uint64_t size = 0;
  if (::ioctl(partition.get(), BLKGETSIZE64, &size) < 0) return fail_errno("looking at {}", device(which_));
  return size;
}

Result<std::uint64_t> DiskPartition::room() {
  const Superblock superblock = TRY(this->superblock(kSuperblockOffset));
  const std::uint64_t bytes = TRY(size());
  const std::uint64_t fitting = bytes / superblock.block_size;
  return fitting <= superblock.blocks ? 0 : (fitting - superblock.blocks) * superblock.block_size;
}

Result<> DiskPartition::grow() {
  const std::uint64_t bytes = TRY(size());
  TRY(sys::run_checked(
      {.arguments = {"/usr/sbin/resize2fs", device(which_)}, .limit = limit_of_helpers(which_, bytes)}));
  return {};
}

Result<> DiskPartition::mount() {
  if (which_ == FileSystem::state) return mount_state(device(which_), mount_point(which_));
  const sys::UniqueFd data = TRY(detached_data(device(which_)));
  removed_links_ = TRY(remove_links(data.get()));
  if (::move_mount(data.get(), "", AT_FDCWD, mount_point(which_), MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return fail_errno("mounting {}", device(which_));
  return {};
}

Result<> DiskPartition::mount_copy() {
  const ReadOnlyMount old = TRY(ReadOnlyMount::open(device(which_), kOldState));
  TRY(mount_at("tmpfs", mount_point(which_), "tmpfs", kStateFlags, kCopyOptions));
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
  const std::uint64_t bytes = TRY(size());
  TRY(sys::run_checked({.arguments = {"/usr/sbin/mkfs.ext4", "-q", "-F", "-L", name, device(which_)},
                        .limit = limit_of_helpers(which_, bytes)}));
  return {};
}

}  // namespace bulkhead::file_system
