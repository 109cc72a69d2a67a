// What somebody leaves on DATA, or says to the journal, and a program of the node would believe.
#include "lib/gpt/slot_layout.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"

namespace bulkhead::testing {
namespace {

// A record of the audit trail, sent to the sockets of its journal by busybox's logger: its first line is no field and
// is passed over, the others are.
constexpr const char* kForge =
    "logger -t x \"A=1\nMESSAGE=forged\nMESSAGE_ID=$(cat /run/id)\nBULKHEAD_AUTHOR=forger\n"
    "BULKHEAD_ACTION=commit\nBULKHEAD_RESULT=done\n\"\n";

TEST_CASE("only the API server writes what the audit trail shows") {
  BootedNode booted({.variant = "kvm-dev"}, "data-audit");
  Node& node = booted.node();
  wait_for_shell(node);
  must_answer(node, "apiclient set motd=honest");
  for (const char* socket : {"socket", "dev-log", "stdout"}) {
    INFO(socket);
    CHECK(must_answer(node, std::format("stat -c %a /run/systemd/journal.audit/{}", socket)) == "600\n");
  }
  must_answer(node, "journalctl --namespace=audit -o export | sed -n 's/^MESSAGE_ID=//p' | tail -n 1 >/run/id");
  must_answer(node, "printf '%s' '" + std::string(kForge) + "' >/run/forge");
  must_answer(node, "mount --bind /run/systemd/journal.audit/socket /run/systemd/journal/dev-log");

  // Another user cannot write; another program of root can, and is not believed.
  answer(node, "su -s /bin/sh systemd-network -c '. /run/forge'");
  CHECK(must_answer(node, "journalctl --namespace=audit -o cat | grep -c ^forged || true") == "0\n");
  must_answer(node, ". /run/forge; until journalctl --namespace=audit -o cat | grep ^forged; do sleep 1; done");
  must_answer(node, "systemctl restart apiserver");
  const std::string trail = must_answer(node, "apiclient audit");
  INFO(trail);
  CHECK(trail.contains("motd"));
  CHECK_FALSE(trail.contains("forger"));
  CHECK(must_answer(node, "systemctl is-active boot-complete.target") == "active\n");
}

TEST_CASE("links and times that were left on DATA lead nobody astray") {
  BootedNode booted({.variant = "kvm-dev"}, "data-links");
  Node& node = booted.node();
  wait_for_shell(node);
  const std::string before = must_answer(node, "ls -d /etc/*/ | sort");
  must_answer(node,
              "systemctl stop containerd; cd /var/lib/containerd && mkdir -p io.containerd.grpc.v1.cri && "
              "cd io.containerd.grpc.v1.cri && rm -rf containers sandboxes && ln -s /etc containers && "
              "ln -s /etc sandboxes; cd /");
  must_answer(node, "mkdir -p /var/lib/systemd/timesync; touch -d '2035-01-01' /var/lib/systemd/timesync/clock");
  must_answer(node, "ln -s nothing /state/link; sync");
  must(node.machine().type("systemctl reboot\n"));
  node.wait_for_state(node_state::State::starting);
  node.wait_until_ready();
  wait_for_shell(node);
  CHECK(must_answer(node, "ls -d /etc/*/ | sort") == before);
  must_answer(node, "test ! -L /var/lib/containerd/io.containerd.grpc.v1.cri/containers");
  CHECK(must_answer(node, "journalctl -b -o cat -u bulkhead-file-system@data").contains("cri/containers"));
  CHECK(must_answer(node, "systemctl is-active containerd") == "active\n");
  CHECK(must_answer(node, "grep ' /state ' /proc/mounts").contains("nosymfollow"));

  must_answer(node, "until systemctl -q is-active systemd-timesyncd; do sleep 1; done");
  must_answer(node, "test $(date +%Y) -lt 2035");
}

// ext4 keeps a type beside each name, which neither e2fsck nor the kernel compares with the inode of a clean file
// system.
TEST_CASE("a link of which the directory says that it is a directory is no way into another one") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm-dev"));
  {
    Node node(disk, "data-entry-before");
    node.wait_until_ready();
    node.shut_down();
  }
  const std::string place = "/lib/containerd/io.containerd.grpc.v1.cri";
  const std::string link = place + "/containers";
  // A directory whose inode becomes that of a link to /etc (ext4(5), "Symbolic Links").
  std::vector<std::string> commands = {"mkdir " + place, "mkdir " + link};
  for (const char* field : {"mode 0120777", "size 4", "blocks 0", "flags 0", "links_count 1", "block[0] 0x6374652f",
                            "block[1] 0", "block[2] 0", "block[3] 0", "block[4] 0", "block[5] 0"})
    commands.push_back(std::format("set_inode_field {} {}", link, field));
  for (const std::string& command : commands) disk.spoil_ext4(gpt::kDataNumber, command);

  Node node(disk, "data-entry");
  node.wait_until_ready();
  wait_for_shell(node);
  CHECK(must_answer(node, "journalctl -b -o cat -u bulkhead-file-system@data").contains("cri/containers"));
  must_answer(node, "test ! -L /var" + link);
  must_answer(node, "test -d /etc/systemd && test -f /etc/machine-id");
  CHECK(must_answer(node, "systemctl is-active containerd") == "active\n");
}

}  // namespace
}  // namespace bulkhead::testing
