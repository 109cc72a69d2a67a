#include "lib/verity/superblock.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/base/hex.hpp"

using namespace bulkhead;
using namespace bulkhead::verity;

namespace {

// A superblock as cryptsetup writes it: 3 data blocks of 4 KiB, salt 0xabcd.
std::vector<std::byte> example_superblock() {
  std::string text("verity\0\0\x01\0\0\0\x01\0\0\0", 16);
  text += "0123456789abcdef";
  text += std::string("sha256").append(26, '\0');
  text += std::string("\0\x10\0\0\0\x10\0\0\x03\0\0\0\0\0\0\0\x02\0", 18);
  text.append(6, '\0');
  text += "\xab\xcd";
  text.resize(kSuperblockSize, '\0');
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> changed(std::size_t at, std::string_view with) {
  auto bytes = example_superblock();
  std::ranges::copy(as_bytes(with), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

}  // namespace

TEST_CASE("a verity superblock is read field by field") {
  const auto block = parse_superblock(example_superblock());
  REQUIRE(block);
  CHECK(block->algorithm == "sha256");
  CHECK(block->data_block_size == 4096);
  CHECK(block->hash_block_size == 4096);
  CHECK(block->data_blocks == 3);
  CHECK(block->data_size() == 12288);
  CHECK(block->hash_start_block() == 1);
  CHECK(to_hex(block->salt) == "abcd");
  CHECK(as_text(block->uuid) == "0123456789abcdef");
}

TEST_CASE("a verity superblock with a bad field is refused") {
  using namespace std::string_view_literals;
  const auto bad = {
      changed(0, "Verity"),                               // signature
      changed(8, "\x02"),                                 // version
      changed(12, "\0"sv),                                // hash type 0: Chromium's
      changed(32, "\0"sv),                                // no algorithm
      changed(32, "../../sha256"),                        // not a name
      changed(32, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),    // not terminated
      changed(64, "\0\x11"sv),                            // data block size 4352
      changed(64, "\0\0"sv),                              // data block size 0
      changed(68, "\0\0\x02"sv),                          // hash block size 128 KiB
      changed(72, "\0"sv),                                // no data
      changed(72, "\xff\xff\xff\xff\xff\xff\xff\xff"sv),  // data size overflows
      changed(80, "\x01\x01"),                            // salt of 257 bytes
  };
  for (const auto& bytes : bad) {
    const auto block = parse_superblock(bytes);
    REQUIRE_FALSE(block);
    CHECK(block.error().code == ErrorCode::data_loss);
  }
  auto cut = example_superblock();
  cut.pop_back();
  CHECK_FALSE(parse_superblock(cut));
}
