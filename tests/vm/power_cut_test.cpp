// The power goes away during the first boot.
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a first boot that is cut short several times ends in a ready node all the same") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  // Two cuts leave one of the three tries that a new image has; the kernel's, then while partitions and file systems
  // are made.
  {
    Node node(disk, "power-cut-1");
    must(node.machine().wait_for_line(kernel_message(), vm::after(kBootTime)));
    must(node.machine().cut_power());
  }
  {
    Node node(disk, "power-cut-2");
    node.wait_for_state(node_state::State::starting);
    must(node.machine().run_until(vm::after(2s)));
    must(node.machine().cut_power());
  }
  Node node(disk, "power-cut-3");
  CHECK(node.wait_until_ready().field("slot") == "A");
  node.shut_down();
  CHECK(must(gpt::read_table(disk.path())).findings.empty());
}

}  // namespace
}  // namespace bulkhead::testing
