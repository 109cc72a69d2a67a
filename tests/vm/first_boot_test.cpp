// From switching on to a blessed, running node, and once more.

#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

bool is_machine_id(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

TEST_CASE("a new machine becomes a ready, blessed node that stays itself when it restarts") {
  const BuiltImage image = BuiltImage::of_variant("kvm");
  const ScratchDisk disk(image);
  REQUIRE(disk.uki_names() == std::vector<std::string>{std::format("bulkhead_{}+3.efi", image.version().to_string())});

  {
    Node node(disk, "first-boot-1");
    const node_state::StatusLine state = node.wait_until_ready();
    CHECK(state.field("slot") == "A");
    CHECK(state.field("version") == image.version().to_string());
    CHECK(state.field("variant") == "kvm");
    CHECK(state.field("addresses").contains("10.0.2.15"));
    CHECK(state.field("failed").empty());

    const std::string& console = node.console().raw();
    CHECK(console.contains("Bulkhead"));
    CHECK_FALSE(console.contains("login:"));

    // Nobody listens on the console.
    const std::size_t before = console.size();
    must(node.machine().type("\r\nroot\r\nid\r\n"));
    must(node.machine().run_until(vm::after(5s)));
    const std::string answer = node.console().raw().substr(before);
    CHECK_FALSE(answer.contains("uid="));
    CHECK_FALSE(answer.contains("assword"));
    CHECK_FALSE(answer.contains("login"));
    node.shut_down();
  }

  // Found good: no counter any more.
  CHECK(disk.uki_names() == std::vector<std::string>{std::format("bulkhead_{}.efi", image.version().to_string())});
  const std::string machine_id = disk.ext4_file(gpt::kStateNumber, "/machine-id");
  INFO(machine_id);
  CHECK(is_machine_id(machine_id));
  const gpt::Partition data = disk.partition(gpt::kDataNumber);
  CHECK(data.end() > kScratchDiskSize - (std::uint64_t{8} << 20U));
  CHECK(must(gpt::read_table(disk.path())).findings.empty());
  Node node(disk, "first-boot-2");
  const node_state::StatusLine state = node.wait_until_ready();
  CHECK(state.field("slot") == "A");
  CHECK(state.field("boot") == "newest");
  node.shut_down();
  CHECK(disk.ext4_file(gpt::kStateNumber, "/machine-id") == machine_id);
  CHECK(disk.partition(gpt::kDataNumber).uuid == data.uuid);
}

}  // namespace
}  // namespace bulkhead::testing
