// Slot B is newer and good.
#include <algorithm>

#include "tests/support/booted_node.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"
#include "tests/support/operator.hpp"

namespace bulkhead::testing {
namespace {

std::string motd(const Operator& outside) { return outside.json({"get", "settings.motd"})["settings"]["motd"]; }

TEST_CASE("a good new version in slot B is started, blessed, and is the same node with the same data; and back again") {
  const BuiltImage a = BuiltImage::of_variant("kvm");
  const BuiltImage b = BuiltImage::of_variant("kvm-next");
  const BootedDisk booted(configured_spec());
  const ScratchDisk& disk = booted.disk();
  const std::uint16_t port = booted.port();
  const Operator& outside = booted.outside();
  disk.replay_journal(gpt::kStateNumber);
  const std::string machine_id = disk.ext4_file(gpt::kStateNumber, "/machine-id");
  REQUIRE_FALSE(machine_id.empty());
  const gpt::Partition data = disk.partition(gpt::kDataNumber);

  disk.fill_slot_b(b);
  disk.put_uki(std::format("bulkhead_{}+3.efi", b.version().to_string()), b.uki());
  {
    Node node(disk, "update-2", {.api_port = port});
    const node_state::StatusLine state = node.wait_until_ready();
    CHECK(state.field("slot") == "B");
    CHECK(state.field("version") == b.version().to_string());
    CHECK(state.field("boot") == "trial");
    // The next model of the settings: migrated forward, and what is set now goes back with the node.
    wait_for_answer(node, outside);
    CHECK(motd(outside) == "configured from outside (model 2)");
    outside.must_apiclient({"set", "motd=second (model 2)", "network.hostname=node-8"});
    node.shut_down();
  }
  const auto names = disk.uki_names();
  CHECK(std::ranges::find(names, std::format("bulkhead_{}.efi", b.version().to_string())) != names.end());
  CHECK(std::ranges::find(names, std::format("bulkhead_{}.efi", a.version().to_string())) != names.end());
  CHECK(disk.ext4_file(gpt::kStateNumber, "/machine-id") == machine_id);
  CHECK(disk.partition(gpt::kDataNumber) == data);

  disk.remove_uki(std::format("bulkhead_{}.efi", b.version().to_string()));
  Node node(disk, "update-3", {.api_port = port});
  CHECK(node.wait_until_ready().field("slot") == "A");
  wait_for_answer(node, outside);
  CHECK(motd(outside) == "second");
  CHECK(outside.json({"status"})["hostname"] == "node-8");
  node.shut_down();
}

}  // namespace
}  // namespace bulkhead::testing
