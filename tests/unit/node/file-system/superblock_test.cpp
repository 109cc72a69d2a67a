#include "node/file-system/superblock.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>

#include <array>
#include <filesystem>
#include <vector>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "node/file-system/partition.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::file_system;
using testing::must;

namespace {

constexpr std::uint64_t kSize = std::uint64_t{64} << 20U;
constexpr std::uint64_t kFirstCopy = 8193 * 1024;
constexpr std::uint64_t kFeatures = 0x60;  // incompatible ones, in a superblock

// A file system of the size of STATE, as mkfs.ext4 makes it.
class Image {
 public:
  explicit Image(std::vector<std::string> options = {}) : dir_(must(sys::TempDir::create("/tmp", "superblock-"))) {
    must(sys::write_file_atomically(path(), "", 0600));
    std::filesystem::resize_file(path(), kSize);
    std::vector<std::string> arguments = {"mkfs.ext4", "-q", "-F"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(path());
    must(sys::run_checked({.arguments = arguments}));
  }
  sys::Path path() const { return dir_.path() / "image"; }
  Result<Superblock> superblock(std::uint64_t offset = kSuperblockOffset) const {
    const sys::UniqueFd file = must(sys::open_file(path(), O_RDONLY));
    std::array<std::byte, kSuperblockSize> bytes{};
    must(sys::read_exactly_at(file.get(), bytes, offset));
    return read_superblock(bytes);
  }
  void debugfs(const std::string& command) const {
    must(sys::run_checked({.arguments = {"debugfs", "-w", "-R", command, path()}}));
  }

 private:
  sys::TempDir dir_;
};

std::string refusal(const Image& image) {
  const auto superblock = image.superblock();
  REQUIRE(!superblock);
  return superblock.error().describe();
}

}  // namespace

TEST_CASE("what mkfs.ext4 makes by default is accepted, with each copy of the superblock") {
  const Image image;
  const Superblock superblock = must(image.superblock());
  CHECK(superblock.blocks * superblock.block_size == kSize);
  CHECK(image.superblock(kFirstCopy));
  CHECK(Image({"-b", "4096"}).superblock());
}

TEST_CASE("a feature that mkfs.ext4 does not use by default is refused by its name, also in the copies") {
  for (const std::string name : {"mmp", "encrypt", "casefold", "quota", "verity", "inline_data", "ea_inode"}) {
    const Image image({"-O", name});
    CHECK(refusal(image).contains("the feature " + name));
    CHECK(!image.superblock(kFirstCopy));
  }
  CHECK(refusal(Image({"-O", "project,quota"})).contains("the feature "));
  CHECK(refusal(Image({"-O", "journal_dev", "-b", "1024"})).contains("the feature journal_dev"));
}

TEST_CASE("mount options in the superblock, a journal elsewhere and unknown features are refused") {
  const Image options;
  options.debugfs("set_super_value mount_opts data=journal");
  CHECK(refusal(options).contains("mount options"));
  const Image journal;
  journal.debugfs("set_super_value journal_dev 0x801");
  CHECK(refusal(journal).contains("journal"));
  const Image unknown;
  unknown.debugfs("set_super_value feature_ro_compat 0x80046b");
  CHECK(refusal(unknown).contains("ro_compat 0x800000"));
}

TEST_CASE("a primary superblock with a damaged feature is written again from a copy") {
  const Image image;
  {
    const sys::UniqueFd file = must(sys::open_file(image.path(), O_RDWR));
    std::array<std::byte, 4> features{};
    must(sys::read_exactly_at(file.get(), features, kSuperblockOffset + kFeatures));
    features[1] |= std::byte{0x1};  // mmp
    REQUIRE(::pwrite(file.get(), features.data(), features.size(), kSuperblockOffset + kFeatures) == 4);
  }
  CHECK(refusal(image).contains("the feature mmp"));
  const auto checked = must(sys::run({.arguments = {"e2fsck", "-y", "-f", "-b", "8193", "-B", "1024", image.path()}}));
  INFO(checked.out << checked.err);
  CHECK(checked.exit_status <= 1);
  CHECK(image.superblock());
}

TEST_CASE("nothing, and what is no superblock, is data_loss") {
  const std::array<std::byte, kSuperblockSize> zeros{};
  const auto superblock = read_superblock(zeros);
  REQUIRE(!superblock);
  CHECK(superblock.error().code == ErrorCode::data_loss);
}

TEST_CASE("helpers may take a minute for STATE, and for DATA as long as its size needs") {
  CHECK(limit_of_helpers(FileSystem::state, kSize) == std::chrono::minutes(1));
  CHECK(limit_of_helpers(FileSystem::data, kSize) == std::chrono::minutes(10));
  CHECK(limit_of_helpers(FileSystem::data, std::uint64_t{1} << 40U) == std::chrono::seconds(600 + 2048));
}
