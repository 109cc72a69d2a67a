#include <catch2/catch_test_macros.hpp>

#include "node/init/partition.hpp"

using bulkhead::init::PartitionName;

TEST_CASE("a partition is named by its UUID or by its device") {
  CHECK(PartitionName::parse("PARTUUID=00112233-4455-6677-8899-aabbccddeeff").value().uuid.has_value());
  CHECK(PartitionName::parse("/dev/nvme0n1p2").value().device == "nvme0n1p2");
}

TEST_CASE("a name that leaves /dev or is none at all is refused") {
  for (const char* text : {"", "/dev/", "/dev/../vda", "/dev/disk/by-label/x", "/dev/vda 1", "vda",
                           "PARTUUID=", "PARTLABEL=root", "/dev/0123456789012345678901234567890123"}) {
    CHECK(!PartitionName::parse(text));
  }
}
