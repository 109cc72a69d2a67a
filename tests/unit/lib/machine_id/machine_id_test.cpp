#include "lib/machine_id/machine_id.hpp"

#include <catch2/catch_test_macros.hpp>

using bulkhead::machine_id::MachineId;

TEST_CASE("a machine id file holds 32 digits and perhaps a line break") {
  CHECK(MachineId::parse("0123456789abcdef0123456789abcdef\n").value().to_string() ==
        "0123456789abcdef0123456789abcdef");
  CHECK(MachineId::parse("0123456789abcdef0123456789abcdef"));
}

TEST_CASE("what is not a machine id is refused") {
  for (const char* text : {"", "uninitialized\n", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcde",
                           "00000000000000000000000000000000", "0123456789abcdef0123456789abcdef\n\n"}) {
    CHECK(!MachineId::parse(text));
  }
}

TEST_CASE("the firmware's product UUID makes a machine id, a place holder does not") {
  CHECK(MachineId::from_product_uuid("EC2E1916-9099-7CAF-FD21-012345ABCDEF\n").value().to_string() ==
        "ec2e191690997caffd21012345abcdef");
  CHECK(!MachineId::from_product_uuid("00000000-0000-0000-0000-000000000000"));
  CHECK(!MachineId::from_product_uuid("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"));
  CHECK(!MachineId::from_product_uuid("03000200-0400-0500-0006-000700080009"));
  CHECK(!MachineId::from_product_uuid("Not Settable"));
}

TEST_CASE("a random machine id is a UUID of version 4") {
  const auto id = MachineId::from_random({}).to_string();
  CHECK(id == "00000000000040008000000000000000");
  CHECK(MachineId::parse(id));
}
