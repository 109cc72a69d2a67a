// The one variant with a shell: what can only be seen from inside of a node.
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

// Types a command and returns what it printed. The marks are built by the shell, so that the echo of what is typed has
// none.
std::string answer(Node& node, const std::string& command) {
  must(node.machine().type(std::format("echo BEG''IN; {}; echo EN''D $?\n", command)));
  must(node.machine().wait_for_line(vm::Pattern::expression("^BEGIN$"), vm::after(60s)));
  std::string text;
  for (;;) {
    const std::string line = must(node.machine().wait_for_line(vm::Pattern::text(""), vm::after(120s)));
    if (line.starts_with("END ")) {
      INFO(command << ": " << text << line);
      CHECK(line == "END 0");
      return text;
    }
    text += line + "\n";
  }
}

TEST_CASE("kvm-dev has a root shell on the serial console, and says so") {
  const BuiltImage image = BuiltImage::of_variant("kvm-dev");
  const ScratchDisk disk(image);
  Node node(disk, "development");
  CHECK(node.wait_until_ready().field("variant") == "kvm-dev");
  CHECK(node.console().raw().contains("DEVELOPMENT"));
  must(node.machine().type("\n"));
  must(node.machine().wait_for_prompt("# ", vm::after(60s)));

  SECTION("the system is as sealed from inside as it is from outside") {
    const std::string mounts = answer(node, "cat /proc/mounts");
    INFO(mounts);
    CHECK(mounts.contains(" / erofs ro"));
    CHECK(mounts.contains(" /etc tmpfs rw"));
    CHECK(mounts.contains(" /var ext4 rw,nosuid,nodev"));
    CHECK(mounts.contains(" /var/lib/bulkhead ext4 rw,nosuid,nodev,noexec"));
    CHECK(answer(node, "cat /sys/class/block/dm-0/dm/name") == "root\n");
    CHECK(answer(node, "systemctl is-active containerd") == "active\n");
    CHECK(answer(node, "cat /etc/machine-id") == answer(node, "cat /var/lib/bulkhead/machine-id"));
    CHECK(answer(node, "systemctl --failed --no-legend").empty());
    CHECK(answer(node, "ctr version").contains("Server:"));
  }
}

}  // namespace
}  // namespace bulkhead::testing
