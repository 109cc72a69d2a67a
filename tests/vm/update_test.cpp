// Slot B is newer and good.
#include <algorithm>

#include "os-builder/uki/uki.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

TEST_CASE("a good new version in slot B is started, blessed, and is the same node with the same data") {
  const BuiltImage a = BuiltImage::of_variant("kvm");
  const BuiltImage b = BuiltImage::of_variant("kvm-next");
  const ScratchDisk disk(a);
  {
    Node node(disk, "update-1");
    CHECK(node.wait_until_ready().field("slot") == "A");
    node.shut_down();
  }
  const std::string machine_id = disk.ext4_file(gpt::kStateNumber, "/machine-id");
  const gpt::Partition data = disk.partition(gpt::kDataNumber);

  disk.fill_slot_b(b);
  disk.put_uki(uki::file_name(b.version(), 3), b.uki());
  {
    Node node(disk, "update-2");
    const vm::NodeState state = node.wait_until_ready();
    CHECK(state.field("slot") == "B");
    CHECK(state.field("version") == b.version().to_string());
    CHECK(state.field("boot") == "trial");
    node.shut_down();
  }
  const auto names = disk.uki_names();
  CHECK(std::ranges::find(names, std::format("bulkhead_{}.efi", b.version().to_string())) != names.end());
  CHECK(std::ranges::find(names, std::format("bulkhead_{}.efi", a.version().to_string())) != names.end());
  CHECK(disk.ext4_file(gpt::kStateNumber, "/machine-id") == machine_id);
  CHECK(disk.partition(gpt::kDataNumber) == data);
}

}  // namespace
}  // namespace bulkhead::testing
