#include "node/init/uevent.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace bulkhead::init;
using namespace std::string_view_literals;

TEST_CASE("sysfs describes a partition") {
  const auto device = parse_block_uevent(
      "MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition\nDISKSEQ=9\nPARTN=2\nPARTNAME=bulkhead_0.1.0\n");
  REQUIRE(device);
  CHECK(*device == BlockDevice{.name = "vda2", .major = 254, .minor = 2, .is_partition = true, .partition_number = 2});
  CHECK(device->number() == "254:2");
}

TEST_CASE("sysfs describes a disk") {
  const auto device = parse_block_uevent("MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n");
  REQUIRE(device);
  CHECK(!device->is_partition);
}

TEST_CASE("a description that does not fit together is refused") {
  CHECK(!parse_block_uevent(""));
  CHECK(!parse_block_uevent("DEVNAME=vda\n"));
  CHECK(!parse_block_uevent("DEVNAME=../../etc/shadow\nDEVTYPE=disk\n"));
  CHECK(!parse_block_uevent("DEVNAME=vda\nDEVTYPE=disk\nMAJOR=many\n"));
  CHECK(!parse_block_uevent("DEVNAME=vda2\nDEVTYPE=partition\n"));
  CHECK(!parse_block_uevent("DEVNAME=vda\nDEVTYPE=disk\nPARTN=1\n"));
  CHECK(!parse_block_uevent("DEVNAME=vda\nDEVTYPE=tape\n"));
}

TEST_CASE("only disks and what may lead to one are worth a look") {
  CHECK(announces_device("add@/devices/x/block/vda\0ACTION=add\0SUBSYSTEM=block\0"sv));
  CHECK(announces_device("change@/devices/x/block/vda\0SUBSYSTEM=block\0"sv));
  CHECK(announces_device("add@/devices/x/host0/target0:0:0/0:0:0:0\0SUBSYSTEM=scsi\0"sv));
  CHECK(!announces_device("remove@/devices/x/block/vda\0SUBSYSTEM=block\0"sv));
  CHECK(!announces_device("add@/devices/x/net/eth0\0SUBSYSTEM=net\0"sv));
  CHECK(!announces_device("SUBSYSTEM=block"sv));
  CHECK(!announces_device(""));
}
