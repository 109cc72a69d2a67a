#include "node/file-system/bring_up.hpp"

#include <array>
#include <format>
#include <utility>
#include <vector>

namespace bulkhead::file_system {
namespace {

using file_systems::Kind;

// mke2fs makes blocks of 1 KiB on small partitions and of 4 KiB on others; copies of the superblock lie in the groups
// 1, 3, 5 and 7 (sparse_super, ext4(5)). A group has eight blocks for each byte of a block, and block 0 does not belong
// to a group when blocks are 1 KiB.
constexpr std::array<std::uint64_t, 4> kGroupsWithSuperblock = {1, 3, 5, 7};

std::vector<Check> checks() {
  std::vector<Check> checks = {Check{}, Check{.force = true}};
  for (const std::uint32_t block_size : {4096U, 1024U}) {
    for (const std::uint64_t group : kGroupsWithSuperblock) {
      const std::uint64_t block = group * 8 * block_size + (block_size == 1024 ? 1 : 0);
      checks.push_back({.force = true, .backup_superblock = block, .block_size = block_size});
    }
  }
  return checks;
}

std::string name_of(const Check& check) {
  if (check.backup_superblock) return std::format("e2fsck -b {}", *check.backup_superblock);
  return check.force ? "e2fsck -f" : "e2fsck";
}

FileSystemOutcome copied_or_lost(FileSystem which, MountablePartition& partition, const std::string& reason) {
  if (which != FileSystem::state) return {.kind = Kind::lost, .reason = reason};
  const auto copied = partition.accept({}).and_then([&] { return partition.mount_copy(); });
  if (copied) return {.kind = Kind::copied, .reason = reason};
  const std::string why = copied.error().describe();
  return {.kind = Kind::lost, .reason = reason.contains(why) ? reason : std::format("{}; {}", reason, why)};
}

// Less is not worth a check of everything.
constexpr std::uint64_t kWorthGrowing = std::uint64_t{64} << 20U;

// The disk has grown, and the partition with it. A file system that stays small works all the same. Why it did not
// grow; empty when it did, or need not.
std::string grow(MountablePartition& partition) {
  const auto room = partition.room();
  if (!room || *room < kWorthGrowing) return {};
  const auto checked = partition.check({.force = true});
  if (checked && checked->verdict == Verdict::failed) return "e2fsck: " + checked->complaint;
  const auto grown = partition.grow();
  return grown ? "" : grown.error().describe();
}

// The first check does not look at everything.
constexpr unsigned kMostKilled = 2;

// What the steps have learnt so far.
struct Attempts {
  bool corrected = false;
  std::string complaint{};  // of the first check that failed
  std::string refusal{};    // of the first mount that failed
  std::string small{};      // why it did not grow
  unsigned killed = 0;      // checks that took too long
};

Verdict checked(MountablePartition& partition, const Check& check, Attempts& attempts) {
  const auto result = partition.accept(check).and_then([&] { return partition.check(check); });
  const Verdict verdict = result ? result->verdict : Verdict::failed;
  if (verdict == Verdict::corrected) attempts.corrected = true;
  if (!result && result.error().code == ErrorCode::unavailable) ++attempts.killed;
  if (verdict == Verdict::failed && attempts.complaint.empty())
    attempts.complaint = result ? std::format("{}: {}", name_of(check), result->complaint) : result.error().describe();
  return verdict;
}

bool mounted(MountablePartition& partition, Attempts& attempts) {
  const auto result = partition.accept({}).and_then([&] { return partition.mount(); });
  if (!result && attempts.refusal.empty()) attempts.refusal = result.error().describe();
  return result.has_value();
}

}  // namespace

FileSystemOutcome bring_up(FileSystem which, MountablePartition& partition) {
  const auto read_only = partition.read_only();
  if (!read_only) return {.kind = Kind::lost, .reason = read_only.error().describe()};
  if (*read_only) return copied_or_lost(which, partition, "the disk is read-only");
  // Sectors that cannot be read now may be readable again at the next start. e2fsck would have repaired the rest
  // without the journal by then, and the journal would undo a part of that.
  if (const auto accepted = partition.accept({}); !accepted && accepted.error().sys_errno != 0)
    return copied_or_lost(which, partition, accepted.error().describe());

  Attempts attempts;
  for (const Check& check : checks()) {
    // Others, which look at as much, would not end sooner.
    if (attempts.killed == kMostKilled) break;
    if (checked(partition, check, attempts) == Verdict::failed) continue;
    if (const std::string small = grow(partition); !small.empty()) attempts.small = small;
    if (!mounted(partition, attempts)) continue;
    if (!attempts.small.empty()) return {.kind = Kind::small, .reason = attempts.small};
    if (!attempts.corrected) return {.kind = Kind::mounted};
    return {.kind = Kind::repaired, .reason = std::format("{} corrected errors", name_of(check))};
  }
  // The kernel may be content with what e2fsck is not, and stops writing when it meets an error.
  if (mounted(partition, attempts)) return {.kind = Kind::damaged, .reason = attempts.complaint};
  const bool one = attempts.complaint.empty() || attempts.complaint == attempts.refusal;
  return copied_or_lost(which, partition, one ? attempts.refusal : attempts.refusal + "; " + attempts.complaint);
}

}  // namespace bulkhead::file_system
