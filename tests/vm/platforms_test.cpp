// Disks and platforms other than the default one.
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

void check_boots(const std::string& variant, const std::string& name, const NodeOptions& options) {
  const ScratchDisk disk(BuiltImage::of_variant(variant));
  Node node(disk, name, options);
  const node_state::StatusLine state = node.wait_until_ready();
  CHECK(state.field("slot") == "A");
  CHECK(state.field("variant") == variant);
  CHECK_FALSE(node.console().raw().contains("login:"));
}

TEST_CASE("a node runs from an NVMe disk") { check_boots("kvm", "platform-nvme", {.bus = vm::DiskBus::nvme}); }

TEST_CASE("a node runs from a SCSI disk, and with a TPM in the machine") {
  check_boots("kvm", "platform-scsi", {.bus = vm::DiskBus::virtio_scsi, .tpm = true});
}

TEST_CASE("the image for EC2 runs from an NVMe disk") {
  check_boots("ec2", "platform-ec2", {.bus = vm::DiskBus::nvme});
}

}  // namespace
}  // namespace bulkhead::testing
