// A disk that had booted and was damaged since: the node survives what can be survived, and says so. What is damaged is
// chosen by seeds; a failure names its own.
#include <algorithm>
#include <array>
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
constexpr unsigned kCasesPerFileSystem = 25;
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
  const BootedDisk booted(configured_spec());
  const ScratchDisk& disk = booted.disk();
  disk.replay_journal(gpt::kStateNumber);
  const std::string machine_id = disk.ext4_file(gpt::kStateNumber, "machine-id");
  REQUIRE_FALSE(machine_id.empty());
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

struct Place {
  const char* name;
  std::uint64_t start;  // on the disk, like `size` in bytes
  std::uint64_t size;
};

// What a boot reads before there is a system.
std::vector<Place> places_of(const ScratchDisk& disk) {
  constexpr std::uint64_t kTable = 33 * kSector;  // the header and 128 entries of 128 bytes
  const auto partition = [&](const char* name, unsigned number, std::uint64_t from, std::uint64_t most) {
    const gpt::Partition found = disk.partition(number);
    return Place{.name = name, .start = found.start + from, .size = std::min(found.size - from, most)};
  };
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
  return {{.name = "protective MBR", .start = 0, .size = kSector},
          {.name = "primary table", .start = kSector, .size = kTable},
          {.name = "backup table", .start = kScratchDiskSize - kTable, .size = kTable},
          partition("file system of the ESP", gpt::kEspNumber, 0, kMiB),
          partition("files of the ESP", gpt::kEspNumber, kMiB, 40 * kMiB),
          partition("hash tree", gpt::slot_layout(gpt::Slot::a).verity, 0, 64 * kSector),
          partition("signature", gpt::slot_layout(gpt::Slot::a).verity_signature, 0, 2 * kSector),
          partition("superblock of the root", gpt::slot_layout(gpt::Slot::a).root, 0, 8 * kSector)};
}

bool ends_boot(std::string_view line) {
  static constexpr std::array<std::string_view, 7> kEnds = {"state=ready",
                                                            "state=degraded",
                                                            "bulkhead-init: cannot boot: ",
                                                            "bulkhead: no version could be started.",
                                                            "No bootable option",
                                                            "Kernel panic - not syncing",
                                                            "BdsDxe: failed to load"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return line.contains(end); });
}

void check_boot_of_damaged_disk(unsigned seed) {
  const BootedDisk booted(configured_spec());
  Random random(seed);
  const std::vector<Place> places = places_of(booted.disk());
  const Place& place = places[seed % places.size()];
  const std::uint64_t count = 1 + below(random, 16);
  INFO("seed " << seed << ": " << count << " bytes, " << place.name);
  for (std::uint64_t i = 0; i < count; ++i) booted.disk().change_disk_byte(place.start + below(random, place.size));
  Node node(booted.disk(), std::format("damage-boot-{}", seed),
            {.on_reset = vm::OnReset::end, .api_port = booted.port()});
  const std::string end = must(
      node.machine().wait_for_line(vm::Pattern::accepted_by(ends_boot, "that ends the boot"), vm::after(kBootTime)));
  INFO(node.console().raw());
  if (end.contains("state=")) wait_for_answer(node, booted.outside());
  if (end.contains("Kernel panic")) CHECK(node.console().raw().contains("verity"));
}

TEST_CASE("wherever bytes of a disk that had booted are wrong, it boots, or says why it does not: seeds 4000-4003") {
  for (unsigned seed = 4000; seed < 4004; ++seed) check_boot_of_damaged_disk(seed);
}
TEST_CASE("wherever bytes of a disk that had booted are wrong, it boots, or says why it does not: seeds 4004-4007") {
  for (unsigned seed = 4004; seed < 4008; ++seed) check_boot_of_damaged_disk(seed);
}

// With user data that lets the operator in, and differs in `motd` from what is on STATE.
NodeOptions with_user_data(const BootedDisk& booted) {
  const nlohmann::json settings = {{"motd", "from user data"}, {"api", booted.outside().api_settings()}};
  return {.user_data = nlohmann::json{{"settings", settings}}.dump(), .api_port = booted.port()};
}

std::string motd(const Operator& outside) { return outside.json({"get", "motd"}).dump(); }

TEST_CASE("a node whose DATA was destroyed keeps its settings and its network, and begins anew") {
  const BootedDisk booted(configured_spec());
  const ScratchDisk& disk = booted.disk();
  const Operator& outside = booted.outside();
  const gpt::Partition data = disk.partition(gpt::kDataNumber);
  must(sys::run_checked({.arguments = {"fallocate", "--punch-hole", "--offset", std::to_string(data.start), "--length",
                                       std::to_string(data.size), disk.path().native()}}));
  Node node(disk, "damage-data-lost", with_user_data(booted));
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside);
  INFO(status.dump());
  CHECK(status.dump().contains("DATA: lost: "));
  CHECK(motd(outside).contains("configured from outside"));
  CHECK(node.console().raw().contains("DATA: lost: "));
  CHECK(outside.apiclient({"reset", "state"}).exit_status != 0);
  outside.must_apiclient({"reset", "data"});
  CHECK(outside.json({"audit"}).dump().contains("reset data"));
  outside.must_apiclient({"reboot"});
  wait_for_restart(node);
  node.wait_until_ready();
  CHECK(wait_for_answer(node, outside)["problems"].empty());
  CHECK(motd(outside).contains("configured from outside"));
  node.shut_down();
}

TEST_CASE("a node whose STATE was destroyed is reached as its user data says, and begins anew; DATA grows meanwhile") {
  const BootedDisk booted(configured_spec());
  const ScratchDisk& disk = booted.disk();
  const Operator& outside = booted.outside();
  disk.erase(disk.partition(gpt::kStateNumber).start, disk.partition(gpt::kStateNumber).size);
  const std::uint64_t size_before = disk.ext4_size(gpt::kDataNumber);
  constexpr std::uint64_t kMore = std::uint64_t{1} << 30U;
  disk.enlarge(kMore);
  Node node(disk, "damage-state-lost", with_user_data(booted));
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside);
  INFO(status.dump());
  CHECK(status.dump().contains("STATE: lost: "));
  CHECK(motd(outside).contains("from user data"));
  outside.must_apiclient({"reset", "state"});
  CHECK(outside.json({"audit"}).dump().contains("reset state"));
  outside.must_apiclient({"reboot"});
  wait_for_restart(node);
  node.wait_until_ready();
  CHECK(wait_for_answer(node, outside)["problems"].empty());
  node.shut_down();
  CHECK(disk.ext4_size(gpt::kDataNumber) == size_before + kMore);
}

nlohmann::json degraded_status(const BootedDisk& booted, const std::string& name, NodeOptions options) {
  const Operator& outside = booted.outside();
  options.api_port = booted.port();
  Node node(booted.disk(), name, options);
  node.wait_for_state(node_state::State::degraded);
  const auto status = wait_for_answer(node, outside);
  INFO(status.dump());
  CHECK(motd(outside).contains("configured from outside"));
  node.shut_down();
  return status;
}

TEST_CASE(
    "a disk that takes no writes, has bad sectors or a wrong type: the node has its settings and says what is wrong") {
  const BootedDisk booted(configured_spec());
  const ScratchDisk& disk = booted.disk();
  // Nobody can replay it on a disk that takes no writes.
  disk.replay_journal(gpt::kStateNumber);
  // From now on without user data: what is on STATE counts.
  const auto read_only = degraded_status(booted, "damage-read-only", {.read_only = true}).dump();
  INFO(read_only);
  CHECK(read_only.contains("STATE: cannot be written to: the disk is read-only"));
  CHECK(read_only.contains("DATA: lost: the disk is read-only"));

  const sys::Path faults = disk.directory() / "faults";
  std::string rules;
  const std::uint64_t data = disk.partition(gpt::kDataNumber).start / kSector;
  for (std::uint64_t sector = data; sector < data + 64; ++sector)
    rules += std::format("[inject-error]\nevent = \"read_aio\"\nerrno = \"5\"\nsector = \"{}\"\n", sector);
  must(sys::write_file_atomically(faults, rules));
  const auto bad_sectors = degraded_status(booted, "damage-bad-sectors", {.faults = faults}).dump();
  INFO(bad_sectors);
  CHECK(bad_sectors.contains("DATA: lost: "));

  disk.change_partition_type(gpt::kStateNumber, "linux");
  const auto type = degraded_status(booted, "damage-type", {}).dump();
  INFO(type);
  CHECK(type.contains("bulkhead-partitions.service failed"));

  // A file system without a root directory that tells the kernel to panic, which would do so at every boot.
  disk.change_partition_type(gpt::kStateNumber, gpt::type_uuid(gpt::PartitionKind::state).to_string());
  disk.spoil_ext4(gpt::kStateNumber, "clri <2>");
  Node node(disk, "damage-panic", with_user_data(booted));
  const auto repaired = wait_for_answer(node, booted.outside()).dump();
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
