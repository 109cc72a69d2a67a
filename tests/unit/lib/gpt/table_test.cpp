#include "lib/gpt/table.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "lib/gpt/derived_uuid.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/temp_dir.hpp"

using namespace bulkhead;
using namespace bulkhead::gpt;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kDiskSize = 16 * kMiB;

// A 16 MiB disk image with two partitions.
class Fixture {
 public:
  Fixture() : directory_(sys::TempDir::create(std::filesystem::temp_directory_path(), "bulkhead-test-").value()) {
    const sys::UniqueFd fd = sys::open_file(disk(), O_RDWR | O_CREAT, 0600).value();
    REQUIRE(::ftruncate(fd.get(), kDiskSize) == 0);
  }
  sys::Path disk() const { return directory_.path() / "disk.img"; }

  static Table table() {
    return {
        .disk = derived_uuid("disk"),
        .partitions = {{.number = 1,
                        .type = type_uuid(PartitionKind::esp),
                        .uuid = derived_uuid("one"),
                        .label = "first",
                        .start = kMiB,
                        .size = 4 * kMiB},
                       {.number = 5,
                        .type = type_uuid(PartitionKind::root),
                        .uuid = derived_uuid("five"),
                        .label = "_empty",
                        .start = 5 * kMiB,
                        .size = 6 * kMiB,
                        .attributes = kAttributeReadOnly}},
    };
  }

  void flip(std::uint64_t offset) const {
    const sys::UniqueFd fd = sys::open_file(disk(), O_RDWR).value();
    std::array<std::byte, 1> byte{};
    REQUIRE(sys::read_exactly_at(fd.get(), byte, offset));
    byte[0] ^= std::byte{1};
    REQUIRE(sys::write_all_at(fd.get(), byte, offset));
  }

 private:
  sys::TempDir directory_;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a partition table is read as it was written") {
  REQUIRE(write_table(disk(), table()));
  const auto reading = read_table(disk());
  REQUIRE(reading);
  CHECK(reading->table == table());
  CHECK(reading->findings.empty());
  CHECK(reading->disk_size == kDiskSize);
  CHECK(reading->sector_size == 512);
}

TEST_CASE_METHOD(Fixture, "the same table gives the same bytes") {
  REQUIRE(write_table(disk(), table()));
  const Fixture other;
  REQUIRE(write_table(other.disk(), table()));
  CHECK(sys::read_file(disk()) == sys::read_file(other.disk()));
}

TEST_CASE_METHOD(Fixture, "sgdisk and sfdisk find nothing wrong with a table of ours") {
  REQUIRE(write_table(disk(), table()));
  const auto sgdisk = sys::run({.arguments = {"sgdisk", "-v", disk().native()}});
  REQUIRE(sgdisk);
  CHECK(sgdisk->out.contains("No problems found"));
  CHECK(sys::run_checked({.arguments = {"sfdisk", "--verify", disk().native()}}));
}

TEST_CASE_METHOD(Fixture, "a disk without a partition table is an error") {
  const auto reading = read_table(disk());
  REQUIRE_FALSE(reading);
  CHECK(reading.error().code == ErrorCode::data_loss);
}

TEST_CASE_METHOD(Fixture, "a damaged byte in either copy of the table is reported and the table still read") {
  REQUIRE(write_table(disk(), table()));
  const std::uint64_t primary_header = 512 + 56;
  const std::uint64_t primary_entries = 2 * 512 + 40;
  const std::uint64_t backup_header = kDiskSize - 512 + 56;
  const std::uint64_t backup_entries = kDiskSize - 33 * 512 + 40;
  for (const std::uint64_t offset : {primary_header, primary_entries, backup_header, backup_entries}) {
    INFO(offset);
    flip(offset);
    const auto reading = read_table(disk());
    REQUIRE(reading);
    CHECK_FALSE(reading->findings.empty());
    CHECK(reading->table.partitions == table().partitions);
    flip(offset);
  }
  CHECK(read_table(disk()).value().findings.empty());
}

TEST_CASE_METHOD(Fixture, "a disk that was enlarged has its backup table in the wrong place") {
  REQUIRE(write_table(disk(), table()));
  REQUIRE(::truncate(disk().c_str(), kDiskSize + kMiB) == 0);
  const auto reading = read_table(disk());
  REQUIRE(reading);
  CHECK_FALSE(reading->findings.empty());
  CHECK(reading->table == table());
}

TEST_CASE_METHOD(Fixture, "updating a partition changes its name and nothing else") {
  REQUIRE(write_table(disk(), table()));
  Table wanted = table();
  wanted.partitions[1].label = "bulkhead_1.0.0";
  wanted.partitions[1].uuid = derived_uuid("new");
  wanted.partitions[1].attributes = 0;
  REQUIRE(update_partitions(disk(), std::span(wanted.partitions).subspan(1)));
  const auto reading = read_table(disk());
  REQUIRE(reading);
  CHECK(reading->table == wanted);
  CHECK(reading->findings.empty());
}

TEST_CASE_METHOD(Fixture, "a partition that is not where the caller thinks is not updated") {
  REQUIRE(write_table(disk(), table()));
  Partition moved = table().partitions[1];
  moved.start += kMiB;
  const auto updated = update_partitions(disk(), std::span(&moved, 1));
  REQUIRE_FALSE(updated);
  CHECK(updated.error().code == ErrorCode::failed_precondition);
  CHECK(read_table(disk()).value().table == table());
}

TEST_CASE_METHOD(Fixture, "overlapping partitions are refused") {
  Table overlapping = table();
  overlapping.partitions[1].start = 2 * kMiB;
  CHECK_FALSE(write_table(disk(), overlapping));
}

TEST_CASE_METHOD(Fixture, "partitions that do not fit on the disk are refused") {
  Table large = table();
  large.partitions[1].size = kDiskSize;
  CHECK_FALSE(write_table(disk(), large));
}
