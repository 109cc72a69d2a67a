// A disk that had booted and was damaged since: the node survives what can be survived, and says so.
#include "lib/gpt/slot_layout.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

TEST_CASE("a destroyed primary partition table is written again from its backup") {
  constexpr std::uint64_t kSector = 512;
  constexpr std::uint64_t kPrimary = 33 * kSector;  // the header and 128 entries of 128 bytes
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  {
    Node node(disk, "damage-before");
    node.wait_until_ready();
    node.shut_down();
  }
  const std::string machine_id = disk.ext4_file(gpt::kStateNumber, "machine-id");
  disk.erase(kSector, kPrimary);
  Node node(disk, "damage-primary-table");
  node.wait_until_ready();
  node.shut_down();
  CHECK(disk.ext4_file(gpt::kStateNumber, "machine-id") == machine_id);
  const auto verified = tool({"sgdisk", "-v", disk.path().native()});
  INFO(verified.out << verified.err);
  CHECK(verified.out.contains("No problems found"));
}

}  // namespace
}  // namespace bulkhead::testing
