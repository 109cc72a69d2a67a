// A disk that had booted and was damaged since: the node survives what can be survived, and says so. What is damaged is
// chosen by seeds; a failure names its own.
#include <algorithm>
#include <random>

#include "lib/base/text.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "tests/support/booted_node.hpp"
#include "tests/support/guest_shell.hpp"
#include "tests/support/must.hpp"
#include "tests/support/program.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;
using Random = std::mt19937;

constexpr std::uint64_t kSector = 512;
constexpr unsigned kCasesPerFileSystem = 24;
constexpr unsigned kCasesOfRoot = 2;

std::uint64_t below(Random& random, std::uint64_t limit) {
  return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random);
}

// One kind of damage, anywhere that is likely to hurt, as commands for a shell that knows kShellFunctions.
constexpr const char* kShellFunctions =
    "byte() { printf \"$1\" | dd of=$D bs=1 seek=$2 conv=notrunc 2>/dev/null; }; "
    "zero() { dd if=/dev/zero of=$D bs=4096 seek=$1 count=$2 conv=notrunc 2>/dev/null; }";

std::vector<std::string> damage(Random& random) {
  std::vector<std::string> commands;
  const auto bytes = [&](std::uint64_t from, std::uint64_t size, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      commands.push_back(std::format("byte '\\{:03o}' {}", below(random, 256), from + below(random, size)));
  };
  const auto zeros = [&](std::uint64_t block, std::uint64_t count) {
    commands.push_back(std::format("zero {} {}", block, count));
  };
  switch (below(random, 8)) {
    case 0: bytes(1024, 1024, 1 + below(random, 4)); break;          // the superblock
    case 1: bytes(2048, 8192, 4); break;                             // group descriptors
    case 2: bytes(0, std::uint64_t{2} << 20U, 8); break;             // bitmaps, inodes
    case 3: bytes(0, std::uint64_t{60} << 20U, 24); break;           // anything
    case 4: zeros(below(random, 512), 1 + below(random, 8)); break;  // metadata, or nothing
    case 5: zeros(0, 16); break;                                     // the beginning; the copies are left
    case 6:
      zeros(0, 256);
      zeros(below(random, 4096), 256);
      break;
    default: zeros(0, 15'000); break;  // STATE has nothing else; of DATA, copies are left
  }
  return commands;
}

// The shell's line has 1024 characters, and the prompt is in it.
void run_all(Node& node, const std::vector<std::string>& commands) {
  constexpr std::size_t kLine = 600;
  std::string line;
  for (const std::string& command : commands) {
    if (line.size() + command.size() > kLine) must_answer(node, std::exchange(line, ""));
    line += (line.empty() ? "" : "; ") + command;
  }
  must_answer(node, line);
}

// Takes the file system away from a running node, damages it, and has the same units bring it back that do so at a
// boot.
struct Cycle {
  std::string name;        // of the file system
  std::string mount;       // its unit
  std::string take_away;   // commands
  std::string bring_back;  // commands, after the mount
};

void check_damages(const Cycle& cycle, unsigned seed) {
  BootedNode booted({.variant = "kvm-dev"}, std::format("damage-{}", cycle.name));
  Node& node = booted.node();
  wait_for_shell(node);
  // Services in mount namespaces of their own may keep a file system that nobody else sees any more, and e2fsck keeps
  // away from one that is mounted.
  const std::string take_away = std::format(
      "{0}; systemctl stop {1}; for f in $(grep -l /bulkhead/{2} /proc/[0-9]*/mountinfo); do systemctl stop $(sed "
      "s,.*/,, ${{f%mountinfo}}cgroup); done; ! grep -q /bulkhead/{2} /proc/[0-9]*/mountinfo",
      cycle.take_away, cycle.mount, cycle.name);
  const std::string bring_back = std::format(
      "rm -f /run/bulkhead/file-systems/{0}.*; systemctl restart bulkhead-file-system@{0}; systemctl start {1}; {2}",
      cycle.name, cycle.mount, cycle.bring_back);
  must_answer(node, std::format("D=/dev/bulkhead/{}; {}", cycle.name, kShellFunctions));
  unsigned lost = 0;
  for (unsigned number = 0; number < kCasesPerFileSystem; ++number) {
    Random random(seed + number);
    const std::vector<std::string> commands = damage(random);
    INFO("seed " << seed + number << ": " << commands.size() << " commands, the first: " << commands.front());
    must_answer(node, take_away);
    run_all(node, commands);
    INFO(must_answer(node, bring_back));
    const std::string outcome = must_answer(node, std::format("cd /run/bulkhead/file-systems; echo {}.*", cycle.name));
    INFO(outcome << must_answer(node, "cat /run/bulkhead/file-systems/*.*"));
    CHECK(outcome.find(' ') == std::string::npos);  // one
    // With an API, and a place to write to, whatever happened.
    const std::string status = must_answer(node, "apiclient --json status");
    must_answer(node, std::format("touch $(systemctl show -P Where {})/x", cycle.mount));
    if (!outcome.contains(".lost")) continue;
    ++lost;
    CHECK(status.contains("degraded"));
    CHECK(status.contains("lost: "));
    must_answer(node, std::format("apiclient reset {}", cycle.name));
    CHECK(answer(node, "apiclient status").contains("made anew"));
  }
  CHECK(lost > 0);
  CHECK(lost < kCasesPerFileSystem);
}

TEST_CASE("a destroyed primary partition table is written again from its backup") {
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

TEST_CASE("whatever happens to DATA, the node has an API, and DATA can be made anew") {
  check_damages(
      {.name = "data",
       .mount = "var.mount",
       .take_away = "journalctl --relinquish-var; systemctl stop containerd systemd-timesyncd opt.mount mnt.mount",
       .bring_back = "systemctl restart apiserver; systemctl start systemd-networkd systemd-resolved containerd"},
      1000);
}

TEST_CASE("whatever happens to STATE, the node has an API, and STATE can be made anew") {
  check_damages({.name = "state",
                 .mount = "state.mount",
                 .take_away = "systemctl stop apiserver bulkhead-user-data bulkhead-machine-id",
                 .bring_back = "systemctl start bulkhead-user-data; systemctl start apiserver"},
                2000);
}

// Each ends with a reason on the console before the machine restarts; none goes on with what was not signed.
TEST_CASE("a root file system that is damaged while it is in use ends the machine, which says why") {
  for (unsigned number = 0; number < kCasesOfRoot; ++number) {
    const unsigned seed = 3000 + number;
    BootedNode booted({.variant = "kvm-dev"}, "damage-root");
    Node& node = booted.node();
    wait_for_shell(node);
    must(booted.machine().end_at_reset());
    Random random(seed);
    // The hash tree: above the lowest level there is nothing that is not read again.
    const bool tree = below(random, 2) == 0;
    const std::string partition = tree ? "$(ls -d /sys/block/dm-0/slaves/*3)" : "$(ls -d /sys/block/dm-0/slaves/*2)";
    const std::uint64_t size = tree ? std::uint64_t{512} << 10U : std::uint64_t{64} << 20U;
    must_answer(node, std::format("D=/dev/$(basename {}); {}", partition, kShellFunctions));
    std::string line;
    for (unsigned i = 0; i < 12; ++i) line += std::format("zero {} 1; ", below(random, size / 4096));
    INFO("seed " << seed << ", " << (tree ? "hash tree" : "root"));
    // No answer is waited for: the shell itself may be what cannot be read any more.
    must(booted.machine().type(line + "sync; echo 3 >/proc/sys/vm/drop_caches; cat /dev/dm-0 >/dev/null\n"));
    must(booted.machine().wait_for_end(vm::after(kBootTime)));
    INFO(node.console().raw());
    CHECK(node.console().raw().contains("device-mapper: verity: "));
    CHECK(node.console().raw().contains("Kernel panic"));
  }
}

// The next state line of a boot that begins now, not of the one that ends.
void wait_for_restart(Node& node) {
  must(node.machine().wait_for_line(vm::Pattern::text("BdsDxe: starting"), vm::after(kBootTime)));
}

// What somebody outside sees of a node with a network.
struct Outside {
  std::uint16_t port = free_port();
  Operator person{port};
  NodeOptions options(const std::string& motd) const {
    const nlohmann::json settings = {{"motd", motd}, {"api", person.api_settings()}};
    return {.user_data = nlohmann::json{{"settings", settings}}.dump(), .api_port = port};
  }
};

TEST_CASE("a node whose DATA was destroyed keeps its settings and its network, and begins anew") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  const Outside outside;
  {
    Node node(disk, "damage-data-before", outside.options("from user data"));
    node.wait_until_ready();
    wait_for_answer(node, outside.person);
    outside.person.must_apiclient({"set", "motd=mine"});
    node.shut_down();
  }
  const gpt::Partition data = disk.partition(gpt::kDataNumber);
  must(sys::run_checked({.arguments = {"fallocate", "--punch-hole", "--offset", std::to_string(data.start), "--length",
                                       std::to_string(data.size), disk.path().native()}}));
  Node node(disk, "damage-data-lost", outside.options("from user data"));
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside.person);
  INFO(status.dump());
  CHECK(status.dump().contains("DATA: lost: "));
  CHECK(outside.person.json({"get", "motd"}).dump().contains("mine"));
  CHECK(node.console().raw().contains("DATA: lost: "));
  CHECK(outside.person.apiclient({"reset", "state"}).exit_status != 0);
  outside.person.must_apiclient({"reset", "data"});
  CHECK(outside.person.json({"audit"}).dump().contains("reset data"));
  outside.person.must_apiclient({"reboot"});
  wait_for_restart(node);
  node.wait_until_ready();
  CHECK(wait_for_answer(node, outside.person)["problems"].empty());
  CHECK(outside.person.json({"get", "motd"}).dump().contains("mine"));
  node.shut_down();
}

TEST_CASE("a node whose STATE was destroyed is reached as its user data says, and begins anew; DATA grows meanwhile") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  const Outside outside;
  {
    Node node(disk, "damage-state-before", outside.options("from user data"));
    node.wait_until_ready();
    wait_for_answer(node, outside.person);
    outside.person.must_apiclient({"set", "motd=mine"});
    node.shut_down();
  }
  disk.erase(disk.partition(gpt::kStateNumber).start, disk.partition(gpt::kStateNumber).size);
  const std::uint64_t size_before = disk.ext4_size(gpt::kDataNumber);
  constexpr std::uint64_t kMore = std::uint64_t{1} << 30U;
  disk.enlarge(kMore);
  Node node(disk, "damage-state-lost", outside.options("from user data"));
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside.person);
  INFO(status.dump());
  CHECK(status.dump().contains("STATE: lost: "));
  CHECK(outside.person.json({"get", "motd"}).dump().contains("from user data"));
  outside.person.must_apiclient({"reset", "state"});
  CHECK(outside.person.json({"audit"}).dump().contains("reset state"));
  outside.person.must_apiclient({"reboot"});
  wait_for_restart(node);
  node.wait_until_ready();
  CHECK(wait_for_answer(node, outside.person)["problems"].empty());
  node.shut_down();
  CHECK(disk.ext4_size(gpt::kDataNumber) == size_before + kMore);
}

nlohmann::json degraded_status(const ScratchDisk& disk, const std::string& name, const NodeOptions& options,
                               const Outside& outside) {
  Node node(disk, name, options);
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside.person);
  INFO(status.dump());
  CHECK(outside.person.json({"get", "motd"}).dump().contains("mine"));
  node.shut_down();
  return status;
}

TEST_CASE(
    "a disk that takes no writes, has bad sectors or a wrong type: the node has its settings and says what is wrong") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  const Outside outside;
  {
    Node node(disk, "damage-disk-before", outside.options("mine"));
    node.wait_until_ready();
    node.shut_down();
  }
  // From now on without user data: what is on STATE counts.
  const auto read_only =
      degraded_status(disk, "damage-read-only", {.read_only = true, .api_port = outside.port}, outside).dump();
  INFO(read_only);
  CHECK(read_only.contains("STATE: cannot be written to: the disk is read-only"));
  CHECK(read_only.contains("DATA: lost: the disk is read-only"));

  const sys::Path faults = disk.directory() / "faults";
  std::string rules;
  const std::uint64_t data = disk.partition(gpt::kDataNumber).start / kSector;
  for (std::uint64_t sector = data; sector < data + 64; ++sector)
    rules += std::format("[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"{}\"\n", sector);
  must(sys::write_file_atomically(faults, rules));
  const auto bad_sectors =
      degraded_status(disk, "damage-bad-sectors", {.faults = faults, .api_port = outside.port}, outside).dump();
  INFO(bad_sectors);
  CHECK(bad_sectors.contains("DATA: lost: "));

  disk.change_partition_type(gpt::kStateNumber, "linux");
  const auto type = degraded_status(disk, "damage-type", {.api_port = outside.port}, outside).dump();
  INFO(type);
  CHECK(type.contains("bulkhead-partitions.service failed"));

  // A file system without a root directory that tells the kernel to panic, which would do so at every boot.
  disk.change_partition_type(gpt::kStateNumber, gpt::type_uuid(gpt::PartitionKind::state).to_string());
  disk.spoil_ext4(gpt::kStateNumber, "clri <2>");
  Node node(disk, "damage-panic", outside.options("from user data"));
  const auto repaired = wait_for_answer(node, outside.person).dump();
  INFO(node.console().raw() << repaired);
  CHECK_FALSE(node.console().raw().contains("Kernel panic"));
}

TEST_CASE("full file systems lose nothing, and a change that does not fit is refused") {
  BootedNode booted({.variant = "kvm-dev"}, "damage-full");
  Node& node = booted.node();
  wait_for_shell(node);
  must_answer(node, "apiclient set motd=before");
  // Several times: what a file system sets aside for files that are being written comes back.
  answer(node, "for i in 1 2 3 4 5 6; do cat /dev/zero >/state/filler$i; sync; done 2>/dev/null");
  answer(node, "cat /dev/zero >/var/filler 2>/dev/null");
  // Until one does not fit any more: the last block of the file that commits are added to has room for some.
  const std::string text = must_answer(
      node,
      "n=0; while [ $n -lt 40 ] && apiclient set motd=$n-$(head -c 2000 /dev/zero | tr '\\0' x) 2>/run/refused; "
      "do n=$((n+1)); done; cat /run/refused; echo stored-$((n-1))-");
  CHECK(text.contains("No space left"));
  CHECK(!text.contains("stored-39-"));
  must_answer(node, "systemctl restart apiserver containerd");
  INFO(must_answer(node, "apiclient status"));
  const std::string stored =
      must_answer(node, "apiclient get motd | tr -d x; echo stored-$(apiclient get motd | tr -dc 0-9)-");
  INFO(text << stored);
  const std::string last = stored.substr(stored.rfind("stored-"));
  CHECK((text.contains(trim(last)) || text.contains("stored--1-")));
  must_answer(node, "rm /state/filler* /var/filler; apiclient set motd=after");
  CHECK(must_answer(node, "apiclient get motd").contains("after"));
}

}  // namespace
}  // namespace bulkhead::testing
