#include "node/file-system/bring_up.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cerrno>
#include <functional>
#include <vector>

using namespace bulkhead;
using namespace bulkhead::file_system;
using file_systems::Kind;

namespace {

// A file system that becomes mountable when the right check has run.
class FakePartition final : public MountablePartition {
 public:
  Result<bool> is_read_only = false;
  bool readable = true;
  std::function<Verdict(const Check&)> verdict = [](const Check&) { return Verdict::clean; };
  std::function<bool(const std::vector<Check>&)> mountable = [](const auto&) { return true; };
  std::function<bool(const Check&, const std::vector<Check>&)> acceptable = [](const auto&, const auto&) {
    return true;
  };
  std::function<bool(const Check&)> too_long = [](const Check&) { return false; };
  bool copyable = true;
  std::string why_not_copyable = "cannot be read";
  std::uint64_t free_room = 0;
  bool growable = true;
  int growths = 0;
  std::vector<Check> checks;
  int mounts = 0;
  bool mounted = false;
  bool copied = false;

  Result<bool> read_only() override { return is_read_only; }
  Result<> accept(const Check& check) override {
    if (!readable) return fail(errno_error(EIO, "reading the superblock"));
    if (acceptable(check, checks)) return {};
    return fail(ErrorCode::verification_failed, "the superblock asks for the feature mmp");
  }
  Result<CheckResult> check(const Check& check) override {
    checks.push_back(check);
    if (too_long(check)) return fail(ErrorCode::unavailable, "e2fsck did not end within 60 seconds and was killed");
    return CheckResult{.verdict = verdict(check), .complaint = "bad magic number"};
  }
  Result<std::uint64_t> room() override { return free_room; }
  Result<> grow() override {
    ++growths;
    if (growable) return {};
    return fail(ErrorCode::unavailable, "resize2fs failed");
  }
  Result<> mount() override {
    ++mounts;
    if (!mountable(checks)) return fail(ErrorCode::data_loss, "structure needs cleaning");
    mounted = true;
    return {};
  }
  Result<> mount_copy() override {
    if (!copyable) return fail(ErrorCode::data_loss, "{}", why_not_copyable);
    copied = true;
    return {};
  }
};

}  // namespace

TEST_CASE("nothing is repaired on a disk whose superblock cannot be read") {
  FakePartition partition;
  partition.readable = false;
  const FileSystemOutcome outcome = bring_up(FileSystem::data, partition);
  CHECK(outcome.kind == Kind::lost);
  CHECK(outcome.reason.contains("reading the superblock"));
  CHECK(partition.checks.empty());
  CHECK(partition.mounts == 0);
}

TEST_CASE("a clean file system costs one check") {
  FakePartition partition;
  CHECK(bring_up(FileSystem::data, partition) == FileSystemOutcome{.kind = Kind::mounted});
  CHECK(partition.checks == std::vector{Check{}});
  CHECK(partition.mounts == 1);
}

TEST_CASE("corrected errors are told") {
  FakePartition partition;
  partition.verdict = [](const Check&) { return Verdict::corrected; };
  CHECK(bring_up(FileSystem::data, partition).kind == Kind::repaired);
}

TEST_CASE("a file system that says it is clean but does not mount is checked with force") {
  FakePartition partition;
  partition.verdict = [](const Check& check) { return check.force ? Verdict::corrected : Verdict::clean; };
  partition.mountable = [](const std::vector<Check>& checks) { return checks.back().force; };
  const FileSystemOutcome outcome = bring_up(FileSystem::data, partition);
  CHECK(outcome.kind == Kind::repaired);
  CHECK(outcome.reason == "e2fsck -f corrected errors");
}

TEST_CASE("the copies of the superblock are tried, for both block sizes") {
  for (const auto& [block, size] : {std::pair{32768U, 4096U}, {98304U, 4096U}, {8193U, 1024U}, {24577U, 1024U}}) {
    FakePartition partition;
    partition.verdict = [&](const Check& check) {
      return check.backup_superblock == block && check.block_size == size ? Verdict::corrected : Verdict::failed;
    };
    const FileSystemOutcome outcome = bring_up(FileSystem::state, partition);
    CHECK(outcome.kind == Kind::repaired);
    CHECK(partition.mounts == 1);
  }
}

TEST_CASE("what e2fsck gives up on is mounted if the kernel takes it") {
  FakePartition partition;
  partition.verdict = [](const Check&) { return Verdict::failed; };
  const FileSystemOutcome outcome = bring_up(FileSystem::state, partition);
  CHECK(outcome == FileSystemOutcome{.kind = Kind::damaged, .reason = "e2fsck: bad magic number"});
}

TEST_CASE("what nothing helps is lost, with the reasons, and nothing is mounted") {
  FakePartition partition;
  partition.verdict = [](const Check&) { return Verdict::failed; };
  partition.mountable = [](const auto&) { return false; };
  const FileSystemOutcome outcome = bring_up(FileSystem::data, partition);
  CHECK(outcome.kind == Kind::lost);
  CHECK(outcome.reason.contains("structure needs cleaning"));
  CHECK(outcome.reason.contains("bad magic number"));
  CHECK(!partition.mounted);
  CHECK(!partition.copied);
}

TEST_CASE("a reason is not told twice") {
  FakePartition partition;
  partition.verdict = [](const Check&) { return Verdict::clean; };
  partition.mountable = [](const auto&) { return false; };
  partition.copyable = false;
  partition.why_not_copyable = "structure needs cleaning";
  CHECK(bring_up(FileSystem::state, partition) ==
        FileSystemOutcome{.kind = Kind::lost, .reason = "structure needs cleaning"});
}

TEST_CASE("a read-only disk is not checked; STATE is copied, DATA is not") {
  for (const FileSystem which : file_systems::kFileSystems) {
    FakePartition partition;
    partition.is_read_only = true;
    const FileSystemOutcome outcome = bring_up(which, partition);
    CHECK(outcome.kind == (which == FileSystem::state ? Kind::copied : Kind::lost));
    CHECK(outcome.reason.contains("read-only"));
    CHECK(partition.checks.empty());
    CHECK(partition.mounts == 0);
  }
}

TEST_CASE("STATE that cannot be copied either is lost") {
  FakePartition partition;
  partition.is_read_only = true;
  partition.copyable = false;
  const FileSystemOutcome outcome = bring_up(FileSystem::state, partition);
  CHECK(outcome.kind == Kind::lost);
  CHECK(outcome.reason.contains("cannot be read"));
}

TEST_CASE("a file system grows with its partition, after a check of everything") {
  FakePartition partition;
  partition.free_room = std::uint64_t{1} << 30U;
  CHECK(bring_up(FileSystem::data, partition) == FileSystemOutcome{.kind = Kind::mounted});
  CHECK(partition.checks == std::vector{Check{}, Check{.force = true}});
  CHECK(partition.growths == 1);
}

TEST_CASE("a few blocks are not worth growing; one that cannot grow is mounted all the same, and says so") {
  FakePartition partition;
  partition.free_room = 4096;
  CHECK(bring_up(FileSystem::data, partition) == FileSystemOutcome{.kind = Kind::mounted});
  CHECK(partition.growths == 0);

  partition.free_room = std::uint64_t{1} << 30U;
  partition.growable = false;
  const FileSystemOutcome outcome = bring_up(FileSystem::data, partition);
  CHECK(partition.mounted);
  CHECK(outcome.kind == Kind::small);
  CHECK(outcome.reason.contains("resize2fs failed"));
}

TEST_CASE("a partition that is not there is lost, and says so") {
  FakePartition partition;
  partition.is_read_only = fail(ErrorCode::not_found, "the system disk has no partition for DATA");
  const FileSystemOutcome outcome = bring_up(FileSystem::data, partition);
  CHECK(outcome == FileSystemOutcome{.kind = Kind::lost, .reason = "the system disk has no partition for DATA"});
}

TEST_CASE("a file system with a foreign feature is neither checked nor mounted nor copied, and the reason names it") {
  for (const FileSystem which : file_systems::kFileSystems) {
    FakePartition partition;
    partition.acceptable = [](const auto&, const auto&) { return false; };
    partition.is_read_only = which == FileSystem::state;
    for (int i = 0; i < 2; ++i) {
      const FileSystemOutcome outcome = bring_up(which, partition);
      CHECK(outcome.kind == Kind::lost);
      CHECK(outcome.reason.contains("the superblock asks for the feature mmp"));
      partition.is_read_only = false;
    }
    CHECK(partition.checks.empty());
    CHECK(partition.mounts == 0);
    CHECK(!partition.copied);
  }
}

TEST_CASE("a foreign feature only in the primary superblock is damage, which a copy repairs") {
  FakePartition partition;
  partition.verdict = [](const Check&) { return Verdict::corrected; };
  partition.acceptable = [](const Check& check, const std::vector<Check>& checks) {
    return check.backup_superblock == 8193 || !checks.empty();
  };
  const FileSystemOutcome outcome = bring_up(FileSystem::state, partition);
  CHECK(outcome.kind == Kind::repaired);
  CHECK(partition.checks.size() == 1);
}

TEST_CASE("a check that took too long has failed, and the next one has its turn") {
  FakePartition partition;
  partition.too_long = [](const Check& check) { return !check.force; };
  CHECK(bring_up(FileSystem::state, partition).kind == Kind::mounted);
  CHECK(partition.checks.size() == 2);

  FakePartition hopeless;
  hopeless.too_long = [](const Check&) { return true; };
  hopeless.mountable = [](const auto&) { return false; };
  const FileSystemOutcome outcome = bring_up(FileSystem::data, hopeless);
  CHECK(outcome.kind == Kind::lost);
  CHECK(outcome.reason.contains("did not end within 60 seconds"));
  CHECK(hopeless.checks.size() == 2);  // not ten times its limit
}
