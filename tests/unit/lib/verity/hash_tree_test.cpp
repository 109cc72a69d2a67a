#include "lib/verity/hash_tree.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>

#include <array>

#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "lib/verity/superblock.hpp"

using namespace bulkhead;
using namespace bulkhead::verity;

namespace {

// 200 blocks: a tree of two levels.
constexpr std::size_t kBlocks = 200;

class Fixture {
 public:
  Fixture() : directory_(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value()) {
    std::string content;
    for (std::size_t i = 0; i < kBlocks * kBlockSize; ++i) content += static_cast<char>(i * 7 + i / 4096);
    REQUIRE(sys::write_file_atomically(data(), content));
    salt_.fill(std::byte{0x5a});
  }
  sys::Path data() const { return directory_.path() / "data"; }
  sys::Path hashes() const { return directory_.path() / "hashes"; }
  HashTreeOptions options() const {
    return {.salt = salt_, .uuid = gpt::PartitionUuid::parse("01234567-89ab-cdef-0123-456789abcdef").value()};
  }

  static void flip(const sys::Path& file, std::uint64_t offset) {
    const sys::UniqueFd fd = sys::open_file(file, O_RDWR).value();
    std::array<std::byte, 1> byte{};
    REQUIRE(sys::read_exactly_at(fd.get(), byte, offset));
    byte[0] ^= std::byte{1};
    REQUIRE(sys::write_all_at(fd.get(), byte, offset));
  }

 private:
  sys::TempDir directory_;
  std::array<std::byte, 32> salt_{};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a hash tree made by us verifies, also with veritysetup") {
  const auto root_hash = format(data(), hashes(), options());
  REQUIRE(root_hash);
  CHECK(verify(data(), hashes(), *root_hash));
  const auto stock =
      sys::run({.arguments = {"veritysetup", "verify", data().native(), hashes().native(), root_hash->to_string()}});
  REQUIRE(stock);
  INFO(stock->err);
  CHECK(stock->exit_status == 0);
}

TEST_CASE_METHOD(Fixture, "the same data, salt and UUID give the same tree") {
  const auto first = format(data(), hashes(), options());
  const auto bytes = sys::read_file(hashes());
  const auto second = format(data(), hashes(), options());
  REQUIRE(first);
  CHECK(first == second);
  CHECK(bytes == sys::read_file(hashes()));
}

TEST_CASE_METHOD(Fixture, "the superblock says what the tree was made with") {
  REQUIRE(format(data(), hashes(), options()));
  const std::string bytes = sys::read_file(hashes()).value();
  const auto block = parse_superblock(as_bytes(bytes));
  REQUIRE(block);
  CHECK(block->data_blocks == kBlocks);
  CHECK(block->algorithm == "sha256");
  CHECK(std::ranges::equal(block->salt, options().salt));
  CHECK(gpt::PartitionUuid(block->uuid) == options().uuid);
}

TEST_CASE_METHOD(Fixture, "one flipped bit in data or tree is found, wherever it is") {
  const Sha256 root_hash = format(data(), hashes(), options()).value();
  const std::uint64_t tree_size = sys::file_size(hashes()).value();
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{100 * kBlockSize + 17}, std::uint64_t{kBlocks * kBlockSize - 1}}) {
    flip(data(), offset);
    const auto checked = verify(data(), hashes(), root_hash);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == ErrorCode::verification_failed);
    flip(data(), offset);
  }
  // The first block is the superblock; zero padding behind the last hash of a level is covered too.
  for (std::uint64_t offset = kBlockSize; offset < tree_size; offset += kBlockSize) {
    flip(hashes(), offset + 5);
    CHECK_FALSE(verify(data(), hashes(), root_hash));
    flip(hashes(), offset + 5);
  }
  CHECK(verify(data(), hashes(), root_hash));
}

TEST_CASE_METHOD(Fixture, "another root hash, and a file that is no tree, are refused") {
  Sha256 root_hash = format(data(), hashes(), options()).value();
  root_hash.bytes[31] ^= std::byte{1};
  const auto verified = verify(data(), hashes(), root_hash);
  REQUIRE_FALSE(verified);
  INFO(verified.error().describe());
  CHECK(verified.error().code == ErrorCode::verification_failed);
  CHECK(verify(hashes(), data(), root_hash).error().code == ErrorCode::data_loss);
}

TEST_CASE_METHOD(Fixture, "a tree for more data than there is does not verify") {
  const Sha256 root_hash = format(data(), hashes(), options()).value();
  std::filesystem::resize_file(data(), (kBlocks - 1) * kBlockSize);
  CHECK_FALSE(verify(data(), hashes(), root_hash));
}

TEST_CASE_METHOD(Fixture, "an image that is not made of whole blocks is refused") {
  std::filesystem::resize_file(data(), kBlockSize + 1);
  const auto made = format(data(), hashes(), options());
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::invalid_argument);
  std::filesystem::resize_file(data(), 0);
  CHECK_FALSE(format(data(), hashes(), options()));
}
