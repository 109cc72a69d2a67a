#include "lib/gpt/partition_uuid.hpp"

#include <catch2/catch_test_macros.hpp>

#include "lib/gpt/derived_uuid.hpp"
#include "lib/gpt/slot_layout.hpp"

using namespace bulkhead;
using namespace bulkhead::gpt;

namespace {

constexpr std::string_view kHash = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210";

}  // namespace

TEST_CASE("a partition UUID is read in either case and written in lower case") {
  const auto uuid = PartitionUuid::parse("4F68BCE3-E8CD-4DB1-96E7-fbcaf984b709");
  REQUIRE(uuid);
  CHECK(uuid->to_string() == "4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
  CHECK(kind_of(*uuid) == PartitionKind::root);
}

TEST_CASE("what is not exactly a UUID is refused") {
  for (const std::string_view text :
       {"", "4f68bce3", "4f68bce3e8cd4db196e7fbcaf984b709", "4f68bce3-e8cd-4db1-96e7-fbcaf984b70",
        "4f68bce3-e8cd-4db1-96e7-fbcaf984b7090", "4f68bce3-e8cd-4db1-96e7-fbcaf984b70g",
        "4f68bce-3e8cd-4db1-96e7-fbcaf984b709", "{4f68bce3-e8cd-4db1-96e7-fbcaf984b7}"}) {
    INFO(text);
    CHECK_FALSE(PartitionUuid::parse(text));
  }
}

TEST_CASE("the partitions of a slot carry the halves of the root hash") {
  const Sha256 hash = Sha256::parse(kHash).value();
  CHECK(root_partition_uuid(hash).to_string() == "00112233-4455-6677-8899-aabbccddeeff");
  CHECK(verity_partition_uuid(hash).to_string() == "01234567-89ab-cdef-fedc-ba9876543210");
}

TEST_CASE("derived UUIDs depend on the name alone and are marked as version 8") {
  const PartitionUuid uuid = derived_uuid("a name");
  CHECK(uuid == derived_uuid("a name"));
  CHECK(uuid != derived_uuid("another name"));
  CHECK(uuid.to_string()[14] == '8');
  CHECK(std::string_view("89ab").contains(uuid.to_string()[19]));
  CHECK(verity_signature_partition_uuid(Sha256::parse(kHash).value()) ==
        derived_uuid("verity-sig" + std::string(kHash)));
}

TEST_CASE("our own partition types are derived from their names") {
  CHECK(type_uuid(PartitionKind::state) == derived_uuid("bulkhead partition type state"));
  CHECK(type_uuid(PartitionKind::data) == derived_uuid("bulkhead partition type data"));
}

TEST_CASE("every kind of partition has its own type and name") {
  for (const PartitionKind kind : {PartitionKind::esp, PartitionKind::root, PartitionKind::root_verity,
                                   PartitionKind::root_verity_signature, PartitionKind::state, PartitionKind::data}) {
    CHECK(kind_of(type_uuid(kind)) == kind);
    CHECK(to_string(kind) != "unknown");
  }
  CHECK(kind_of(derived_uuid("x")) == PartitionKind::unknown);
}

TEST_CASE("a slot is told by partition numbers") {
  CHECK_FALSE(slot_of(kEspNumber));
  CHECK(slot_of(2) == Slot::a);
  CHECK(slot_of(4) == Slot::a);
  CHECK(slot_of(5) == Slot::b);
  CHECK(slot_of(7) == Slot::b);
  CHECK_FALSE(slot_of(kStateNumber));
  CHECK(other(Slot::a) == Slot::b);
}

TEST_CASE("labels carry the version and fit into the partition table") {
  const Version version = Version::parse("1.20.3-rc.1").value();
  const auto labels = slot_labels(version);
  REQUIRE(labels);
  CHECK(labels->root == "bulkhead_1.20.3-rc.1");
  CHECK(labels->verity == "bulkhead_1.20.3-rc.1_verity");
  CHECK(labels->verity_signature == "bulkhead_1.20.3-rc.1_sig");
  CHECK(version_of_label(labels->root) == version);

  CHECK_FALSE(version_of_label("_empty"));
  CHECK_FALSE(version_of_label("bulkhead_x"));
  CHECK_FALSE(slot_labels(Version::parse("1000.1000.1000-prerelease").value()));
}
