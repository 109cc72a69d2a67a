#include "os-builder/disk/layout.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

#include "tests/unit/os-builder/disk/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::disk;
using bulkhead::testing::kMiB;

namespace {

constexpr variant::PartitionSizes kSizes = {
    .esp = 64 * kMiB, .root = 8 * kMiB, .verity = kMiB, .verity_signature = kMiB, .state = 2 * kMiB, .data = 3 * kMiB};
const Version kVersion = Version::parse("1.2.3").value();
const Sha256 kHash = Sha256::parse("00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210").value();

}  // namespace

TEST_CASE("a disk has seven partitions one after the other, each on a MiB boundary") {
  const auto layout = plan_layout(kSizes, kVersion, kHash);
  REQUIRE(layout);
  const auto& partitions = layout->table.partitions;
  REQUIRE(partitions.size() == 7);
  std::uint64_t next = kMiB;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    CHECK(partitions[i].number == i + 1);
    CHECK(partitions[i].start == next);
    CHECK(partitions[i].start % kMiB == 0);
    next = partitions[i].end();
  }
  CHECK(layout->disk_size == next + kSizes.state + kSizes.data + kMiB);
}

TEST_CASE("STATE and DATA are room behind the last partition, and DATA grows") {
  const auto layout = plan_layout(kSizes, kVersion, kHash);
  REQUIRE(layout);
  CHECK(layout->rooms ==
        std::vector<Room>{{.number = 8, .label = "BULKHEAD-STATE", .size = kSizes.state, .grows = false},
                          {.number = 9, .label = "BULKHEAD-DATA", .size = kSizes.data, .grows = true}});
}

TEST_CASE("slot A is named by root hash and version, slot B is empty") {
  const auto layout = plan_layout(kSizes, kVersion, kHash);
  REQUIRE(layout);
  const gpt::Table& table = layout->table;
  CHECK(table.find(2)->label == "bulkhead_1.2.3");
  CHECK(table.find(2)->uuid == gpt::root_partition_uuid(kHash));
  CHECK(table.find(3)->label == "bulkhead_1.2.3_verity");
  CHECK(table.find(3)->uuid == gpt::verity_partition_uuid(kHash));
  CHECK(table.find(4)->label == "bulkhead_1.2.3_sig");
  for (const unsigned number : {5U, 6U, 7U}) CHECK(table.find(number)->label == "_empty");
  CHECK(table.find(5)->kind() == gpt::PartitionKind::root);
  CHECK(table.find(7)->kind() == gpt::PartitionKind::root_verity_signature);
  CHECK(table.find(8) == nullptr);
  CHECK(table.find(9) == nullptr);
}

TEST_CASE("UUIDs are derived: the same for the same root, all different on a disk, different for another root") {
  const auto first = plan_layout(kSizes, kVersion, kHash);
  CHECK(first == plan_layout(kSizes, kVersion, kHash));
  std::set<gpt::PartitionUuid> uuids = {first->table.disk};
  for (const gpt::Partition& partition : first->table.partitions) uuids.insert(partition.uuid);
  CHECK(uuids.size() == 8);

  Sha256 other = kHash;
  other.bytes[0] ^= std::byte{1};
  const auto second = plan_layout(kSizes, kVersion, other);
  for (const gpt::Partition& partition : second->table.partitions) {
    if (partition.number != 3)
      CHECK_FALSE(uuids.contains(partition.uuid));  // 3 is the unchanged second half of the hash
  }
}

TEST_CASE("sizes that are zero or not whole MiB, and versions too long for a label, are refused") {
  variant::PartitionSizes sizes = kSizes;
  sizes.root += 512;
  CHECK(plan_layout(sizes, kVersion, kHash).error().code == ErrorCode::invalid_argument);
  sizes.root = 0;
  CHECK(plan_layout(sizes, kVersion, kHash).error().code == ErrorCode::invalid_argument);
  sizes = kSizes;
  sizes.data += 512;
  CHECK(plan_layout(sizes, kVersion, kHash).error().message.contains("BULKHEAD-DATA"));
  CHECK(plan_layout(kSizes, Version::parse("1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").value(), kHash).error().code ==
        ErrorCode::invalid_argument);
}
