#include "lib/node_state/unit_watch.hpp"

#include <catch2/catch_test_macros.hpp>

using Status = bulkhead::node_state::UnitWatch::Status;

TEST_CASE("failed units are remembered until they are something else") {
  Status status;
  CHECK(!status.update("a.service", "activating"));
  CHECK(status.update("a.service", "failed"));
  CHECK(!status.update("a.service", "failed"));
  CHECK(status.failed_units == std::set<std::string>{"a.service"});
  CHECK(status.update("a.service", "active"));
  CHECK(status.failed_units.empty());
}

TEST_CASE("the boot is complete while its target is active") {
  Status status;
  CHECK(!status.update("multi-user.target", "active"));
  CHECK(status.update("boot-complete.target", "active"));
  CHECK(status.boot_complete);
  CHECK(status.update("boot-complete.target", "inactive"));
  CHECK(!status.boot_complete);
}

TEST_CASE("a unit that systemd unloads is no failed one, and the gate stays open and the version blessed") {
  Status status;
  status.update("a.service", "failed");
  status.update("boot-complete.target", "active");
  status.update("systemd-bless-boot.service", "active");
  CHECK(status.forget("a.service"));
  CHECK(!status.forget("boot-complete.target"));
  CHECK(!status.forget("systemd-bless-boot.service"));
  CHECK(status.failed_units.empty());
  CHECK(status.boot_complete);
  CHECK(status.blessed);
}

TEST_CASE("the boot is blessed while the service that does it is active") {
  Status status;
  CHECK(!status.update("systemd-bless-boot.service", "activating"));
  CHECK(status.update("systemd-bless-boot.service", "active"));
  CHECK(status.blessed);
}
