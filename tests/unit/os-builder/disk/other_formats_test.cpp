#include <catch2/catch_test_macros.hpp>
#include <sys/stat.h>

#include "os-builder/disk/disk.hpp"
#include "tests/unit/os-builder/disk/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

namespace {

constexpr std::uint64_t kLimit = 200 * kMiB;

}  // namespace

TEST_CASE_METHOD(DiskFixture, "the zstd stream is the disk, and does not depend on what is a hole") {
  build();
  REQUIRE(disk::write_zstd(image(), at("a.zst")));
  const auto plain = sys::run({.arguments = {"zstd", "-q", "-d", "-c", at("a.zst").native()}}, kLimit);
  REQUIRE(plain);
  const std::string bytes = sys::read_file(image(), kLimit).value();
  CHECK(plain->out == bytes);

  REQUIRE(sys::write_file_atomically(at("full.img"), bytes));
  REQUIRE(disk::write_zstd(at("full.img"), at("b.zst")));
  CHECK(sys::read_file(at("a.zst"), kLimit) == sys::read_file(at("b.zst"), kLimit));
}

TEST_CASE_METHOD(DiskFixture, "files of any length make a zstd stream") {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, 4 * kMiB - 1, 4 * kMiB, 4 * kMiB + 1}) {
    REQUIRE(sys::write_file_atomically(at("odd"), std::string(size, 'x')));
    std::filesystem::remove(at("odd.zst"));
    REQUIRE(disk::write_zstd(at("odd"), at("odd.zst")));
    const auto plain = sys::run({.arguments = {"zstd", "-q", "-d", "-c", at("odd.zst").native()}}, kLimit);
    REQUIRE(plain);
    CHECK(plain->out == std::string(size, 'x'));
  }
}

TEST_CASE_METHOD(DiskFixture, "the qcow2 image is the disk, the same bytes every time") {
  build();
  REQUIRE(disk::write_qcow2(image(), at("a.qcow2")));
  REQUIRE(disk::write_qcow2(image(), at("b.qcow2")));
  CHECK(sys::read_file(at("a.qcow2"), kLimit) == sys::read_file(at("b.qcow2"), kLimit));
  CHECK(sys::run_checked(
      {.arguments = {"qemu-img", "compare", "-f", "raw", "-F", "qcow2", image().native(), at("a.qcow2").native()}}));
}

TEST_CASE_METHOD(DiskFixture, "a disk that is not there gives no output file") {
  CHECK_FALSE(disk::write_zstd(at("missing"), at("a.zst")));
  CHECK_FALSE(disk::write_qcow2(at("missing"), at("a.qcow2")));
  CHECK_FALSE(sys::exists(at("a.zst")));
  CHECK_FALSE(sys::exists(at("a.qcow2")));
}
