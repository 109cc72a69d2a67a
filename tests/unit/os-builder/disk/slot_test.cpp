#include "os-builder/disk/slot.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>

#include <array>

#include "lib/gpt/derived_uuid.hpp"
#include "os-builder/disk/read.hpp"
#include "tests/unit/os-builder/disk/fixture.hpp"

using namespace bulkhead;
using namespace bulkhead::testing;

namespace {

struct SlotFixture : DiskFixture {
  crypto::Certificate certificate = crypto::Certificate::load(test_keys().root_hash.certificate).value();
  SlotFixture() { build(); }

  disk::SlotContent slot(gpt::Slot which) const {
    return disk::read_disk(image()).value().slots.at(which == gpt::Slot::a ? 0 : 1);
  }
  Result<> verify(gpt::Slot which) const {
    return disk::verify_slot(image(), slot(which), certificate, directory.path());
  }

  void flip(std::uint64_t offset) const {
    const sys::UniqueFd fd = sys::open_file(image(), O_RDWR).value();
    std::array<std::byte, 1> byte{};
    REQUIRE(sys::read_exactly_at(fd.get(), byte, offset));
    byte[0] ^= std::byte{1};
    REQUIRE(sys::write_all_at(fd.get(), byte, offset));
  }
};

}  // namespace

TEST_CASE_METHOD(SlotFixture, "one flipped byte in root, hash tree or signature fails the verification of the slot") {
  const disk::SlotContent a = slot(gpt::Slot::a);
  REQUIRE(verify(gpt::Slot::a));
  for (const std::uint64_t offset : {a.root.start + 1100, a.verity.start + 4096 + 3, a.verity_signature.start + 20,
                                     a.verity_signature.start + 400}) {
    INFO(offset);
    flip(offset);
    const auto verified = verify(gpt::Slot::a);
    REQUIRE_FALSE(verified);
    CHECK(verified.error().code == ErrorCode::verification_failed);
    flip(offset);
  }
  CHECK(verify(gpt::Slot::a));
}

TEST_CASE_METHOD(SlotFixture, "a slot signed by another key is refused") {
  const auto other = crypto::Certificate::load(test_keys().signature_db.certificate).value();
  CHECK(disk::verify_slot(image(), slot(gpt::Slot::a), other, directory.path()).error().code ==
        ErrorCode::verification_failed);
}

TEST_CASE_METHOD(SlotFixture, "partition UUIDs that are not the root hash's are refused") {
  for (const unsigned number : {2U, 3U, 4U}) {
    const gpt::Table table = gpt::read_table(image()).value().table;
    gpt::Partition changed = *table.find(number);
    changed.uuid = gpt::derived_uuid("another");
    REQUIRE(gpt::update_partitions(image(), std::span(&changed, 1)));
    CHECK(verify(gpt::Slot::a).error().code == ErrorCode::verification_failed);
    REQUIRE(gpt::update_partitions(image(), std::span(table.find(number), 1)));
  }
  CHECK(verify(gpt::Slot::a));
}

TEST_CASE_METHOD(SlotFixture, "an empty slot has nothing to verify") {
  CHECK(verify(gpt::Slot::b).error().code == ErrorCode::failed_precondition);
}

TEST_CASE_METHOD(SlotFixture, "a second version goes into slot B and leaves slot A alone") {
  const sys::TempDir other = scratch();
  const seal::SealedRoot next = make_sealed(other.path(), "second");
  REQUIRE(next.root_hash != parts.root.root_hash);
  const auto installed = disk::install_slot(image(), gpt::Slot::b, next, Version::parse("2.0.0").value());
  if (!installed) FAIL(installed.error().describe());
  CHECK(slot(gpt::Slot::b).version == Version::parse("2.0.0").value());
  CHECK(slot(gpt::Slot::b).signature->root_hash == next.root_hash);
  CHECK(verify(gpt::Slot::a));
  CHECK(verify(gpt::Slot::b));
  CHECK(disk::read_disk(image())->table.findings.empty());
  CHECK(sys::run_checked({.arguments = {"sgdisk", "-v", image().native()}}).value().contains("No problems found"));
}

TEST_CASE_METHOD(SlotFixture, "a root that does not fit leaves the slot as it was") {
  seal::SealedRoot large = parts.root;
  large.root = at("large");
  REQUIRE(sys::write_file_atomically(large.root, std::string(5 * kMiB, 'x')));
  const auto before = disk::read_disk(image())->table.table;
  CHECK(disk::install_slot(image(), gpt::Slot::a, large, parts.version).error().code == ErrorCode::failed_precondition);
  CHECK(disk::read_disk(image())->table.table == before);
}

TEST_CASE_METHOD(SlotFixture, "a disk with a partition of another type is not one of ours") {
  gpt::Partition changed = *gpt::read_table(image())->table.find(6);
  changed.type = gpt::type_uuid(gpt::PartitionKind::data);
  REQUIRE(gpt::update_partitions(image(), std::span(&changed, 1)));
  CHECK(disk::read_disk(image()).error().code == ErrorCode::data_loss);
}
