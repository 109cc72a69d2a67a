#include "os-builder/disk/disk.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os-builder/disk/read.hpp"
#include "os-builder/disk/slot.hpp"
#include "tests/unit/os-builder/disk/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

namespace {

std::size_t entries(const sys::Path& directory) {
  const auto all = std::filesystem::directory_iterator(directory);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

crypto::Certificate root_hash_certificate() {
  return crypto::Certificate::load(test_keys().root_hash.certificate).value();
}

}  // namespace

TEST_CASE_METHOD(DiskFixture, "a disk is read back from its bytes as it was built") {
  build();
  const auto content = disk::read_disk(image());
  if (!content) FAIL(content.error().describe());
  CHECK(content->table.findings.empty());
  CHECK(content->esp_files == std::vector<std::string>{"EFI/BOOT/BOOTX64.EFI", "EFI/Linux/bulkhead_1.0.0+3.efi",
                                                       "EFI/systemd/systemd-bootx64.efi", "loader/loader.conf"});
  REQUIRE(content->slots.size() == 2);
  const disk::SlotContent& a = content->slots[0];
  CHECK_FALSE(a.empty);
  CHECK(a.version == parts.version);
  REQUIRE(a.signature);
  CHECK(a.signature->root_hash == parts.root.root_hash);
  CHECK(disk::verify_slot(image(), a, root_hash_certificate(), directory.path()));
  const disk::SlotContent& b = content->slots[1];
  CHECK(b.empty);
  CHECK_FALSE(b.version);
  CHECK_FALSE(b.signature);
}

TEST_CASE_METHOD(DiskFixture, "the same inputs give the same disk, and it is sparse") {
  build();
  const std::string bytes = sys::read_file(image(), 200 * kMiB).value();
  struct stat info{};
  REQUIRE(::stat(image().c_str(), &info) == 0);
  CHECK(static_cast<std::uint64_t>(info.st_blocks) * 512 < bytes.size() / 4);
  CHECK((info.st_mode & 0777U) == (0644U & ~::umask(0)));
  ::umask(077);
  const auto again = disk::build(parts, at("again.img"));
  ::umask(022);
  REQUIRE(again);
  CHECK(sys::read_file(at("again.img"), 200 * kMiB).value() == bytes);
}

TEST_CASE_METHOD(DiskFixture, "stock tools find nothing wrong with the disk") {
  build();
  CHECK(sys::run_checked({.arguments = {"sgdisk", "-v", image().native()}}).value().contains("No problems found"));
  CHECK(sys::run_checked({.arguments = {"sfdisk", "--verify", image().native()}}));
  const auto content = disk::read_disk(image());
  REQUIRE(content);
  REQUIRE(disk::extract(image(), content->esp.partition.start, content->esp.partition.size, at("esp")));
  const auto fsck = sys::run({.arguments = {"fsck.vfat", "-n", at("esp").native()}});
  REQUIRE(fsck);
  INFO(fsck->out);
  CHECK(fsck->exit_status == 0);
}

TEST_CASE_METHOD(DiskFixture,
                 "a root larger than its slot is refused with the difference, and nothing is left behind") {
  parts.sizes.root = kMiB;
  REQUIRE(::truncate(parts.root.root.c_str(), static_cast<off_t>(kMiB + 512 * 1024)) == 0);
  const std::size_t before = entries(directory.path());
  const auto built = disk::build(parts, image());
  REQUIRE_FALSE(built);
  CHECK(built.error().code == ErrorCode::failed_precondition);
  CHECK(built.error().message.contains("512 KiB more"));
  CHECK(entries(directory.path()) == before);
}

TEST_CASE_METHOD(DiskFixture, "boot files that do not fit on the ESP are refused with the difference") {
  REQUIRE(::truncate(at("boot.efi").c_str(), static_cast<off_t>(30 * kMiB)) == 0);
  const std::size_t before = entries(directory.path());
  const auto built = disk::build(parts, image());
  REQUIRE_FALSE(built);
  CHECK(built.error().code == ErrorCode::failed_precondition);
  CHECK(built.error().message.contains("more than the ESP of"));
  CHECK(entries(directory.path()) == before);
}

TEST_CASE_METHOD(DiskFixture, "an ESP too small for FAT32 is refused") {
  parts.sizes.esp = 16 * kMiB;
  CHECK(disk::build(parts, image()).error().code == ErrorCode::failed_precondition);
}

// In a mount namespace of its own, where the output directory is a file system with `space` bytes left.
TEST_CASE_METHOD(DiskFixture, "a full disk is one clear error and leaves nothing behind") {
  // Fails in the partition table, in mkfs.vfat, in mcopy, while copying the slot.
  const std::uint64_t space =
      GENERATE(std::uint64_t{0}, std::uint64_t{64} << 10U, std::uint64_t{700} << 10U, std::uint64_t{1300} << 10U);
  const sys::Path full = at("full");
  REQUIRE(sys::create_directories(full));
  enum Outcome { good, cannot, wrong_error, leftovers };
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", full.c_str(), "tmpfs", 0, "size=4m") != 0) {
      ::_exit(cannot);
    }
    const auto filler = sys::write_file_atomically(full / "filler", std::string(4 * kMiB - space, 'x'));
    const auto built = disk::build(parts, full / "disk.img");
    if (!filler || built || built.error().sys_errno != ENOSPC) {
      std::fprintf(stderr, "%s\n", built ? "built" : built.error().describe().c_str());
      ::_exit(wrong_error);
    }
    ::_exit(entries(full) == 1 ? good : leftovers);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == cannot) SKIP("needs the right to mount");
  INFO(space);
  CHECK(WEXITSTATUS(status) == good);
}
