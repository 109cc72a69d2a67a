#include "node/init/gpt_table.hpp"

#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "lib/base/hex.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"
#include "tests/support/must.hpp"

using namespace bulkhead;
using namespace bulkhead::init;
using bulkhead::testing::must;

namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

std::string header(std::uint64_t block = 2, std::uint32_t count = 128, std::uint32_t size = 128,
                   std::size_t sector = 512) {
  std::string bytes(sector, '\0');
  bytes.replace(0, 8, "EFI PART");
  put(bytes, 72, block, 8);
  put(bytes, 80, count, 4);
  put(bytes, 84, size, 4);
  return bytes;
}

}  // namespace

TEST_CASE("the header says where the entries are, in blocks of the disk") {
  CHECK(parse_gpt_header(as_bytes(header())).value() ==
        GptHeader{.entries_offset = 1024, .entry_count = 128, .entry_size = 128});
  CHECK(parse_gpt_header(as_bytes(header(2, 128, 128, 4096))).value().entries_offset == 8192);
}

TEST_CASE("a header with impossible numbers is refused") {
  CHECK(!parse_gpt_header(as_bytes(header(0))));
  CHECK(!parse_gpt_header(as_bytes(header(1))));
  CHECK(!parse_gpt_header(as_bytes(header(~std::uint64_t{0}))));
  CHECK(!parse_gpt_header(as_bytes(header(2, 0))));
  CHECK(!parse_gpt_header(as_bytes(header(2, 1025))));
  CHECK(!parse_gpt_header(as_bytes(header(2, 128, 127))));
  CHECK(!parse_gpt_header(as_bytes(header(2, 128, 8192))));
  CHECK(!parse_gpt_header(as_bytes(header().substr(0, 91))));
  CHECK(parse_gpt_header(as_bytes(std::string(512, '\0'))).error().code == ErrorCode::not_found);
}

TEST_CASE("entries keep their numbers, unused ones are left out, UUIDs are in textual order") {
  const GptHeader two{.entries_offset = 1024, .entry_count = 3, .entry_size = 128};
  std::string entries(std::size_t{3} * 128, '\0');
  // The type of an x86-64 root partition as it lies on disk: 4f68bce3-e8cd-4db1-96e7-fbcaf984b709.
  entries.replace(256, 16, "\xe3\xbc\x68\x4f\xcd\xe8\xb1\x4d\x96\xe7\xfb\xca\xf9\x84\xb7\x09");
  entries[272] = '\x01';
  const auto parsed = parse_gpt_entries(two, as_bytes(entries));
  REQUIRE(parsed);
  REQUIRE(parsed->size() == 1);
  CHECK(parsed->front().number == 3);
  CHECK(gpt::kind_of(parsed->front().type) == gpt::PartitionKind::root);
  CHECK(parsed->front().uuid.to_string() == "00000001-0000-0000-0000-000000000000");
}

TEST_CASE("too few bytes for the promised entries are refused") {
  const GptHeader promise{.entries_offset = 1024, .entry_count = 2, .entry_size = 128};
  CHECK(!parse_gpt_entries(promise, as_bytes(std::string(255, '\0'))));
  CHECK(!parse_gpt_entries({}, {}));
}

TEST_CASE("a table made by sfdisk is intact, a changed byte is found, and the primary comes back from the backup") {
  const auto directory = must(sys::TempDir::create("/tmp", "bulkhead-test-"));
  const sys::Path disk = directory.path() / "disk";
  must(sys::write_file_atomically(disk, ""));
  constexpr std::uint64_t kSize = std::uint64_t{4} << 20U;
  REQUIRE(::truncate(disk.c_str(), kSize) == 0);
  must(sys::run_checked({.arguments = {"sfdisk", "--quiet", disk.native()}, .input = "label: gpt\n,1M\n,\n"}));
  const std::string bytes = must(sys::read_file(disk));
  const auto sector = [&](std::uint64_t block) { return as_bytes(bytes).subspan(block * 512, 512); };
  const auto entries = [&](const GptHeader& of) {
    return as_bytes(bytes).subspan(of.entries_offset, std::size_t{of.entry_count} * of.entry_size);
  };
  constexpr std::uint64_t kLast = kSize / 512 - 1;
  const GptHeader primary = must(parse_gpt_header(sector(1)));
  const GptHeader backup = must(parse_gpt_header(sector(kLast)));
  CHECK(primary.block == 1);
  CHECK(primary.other_block == kLast);
  CHECK(backup.block == kLast);
  CHECK(is_intact(sector(1), entries(primary)));
  CHECK(is_intact(sector(kLast), entries(backup)));
  for (const std::size_t at : {12U, 24U, 56U, 72U, 91U}) {
    std::vector<std::byte> changed(sector(1).begin(), sector(1).end());
    changed[at] ^= std::byte{1};
    CHECK_FALSE(is_intact(changed, entries(primary)));
  }
  std::vector<std::byte> other(entries(primary).begin(), entries(primary).end());
  other[40] ^= std::byte{1};
  CHECK_FALSE(is_intact(sector(1), other));
  CHECK(std::ranges::equal(primary_header(sector(kLast)), sector(1)));
}
