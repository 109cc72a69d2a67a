// One byte changed somewhere: the boot is refused, or the machine restarts when the byte is read. Never a running
// system with it.
//
// `os-builder verify` covers every block (tests/image/verify_test.cpp); here are blocks that a boot certainly reads,
// one per link of the chain.
#include "lib/pe/image.hpp"
#include "os-builder/uki/content.hpp"
#include "tests/support/must.hpp"
#include "tests/support/node.hpp"

namespace bulkhead::testing {
namespace {

using namespace std::chrono_literals;

constexpr gpt::SlotLayout kSlotA = gpt::slot_layout(gpt::Slot::a);
// The first block and the top of the hash tree are read by the initrd.
constexpr const char* kSaidByInit =
    "bulkhead-init: cannot boot: activating dm-verity: dm-verity refuses the first block";

// The machine restarts (and ends there) before it was ever ready. The console says why, whatever else the host does.
void check_restarts(const ScratchDisk& disk, const std::string& name, const std::string& reason) {
  Node node(disk, name, {.on_reset = vm::OnReset::end});
  CHECK(must(node.machine().wait_for_end(vm::after(kBootTime))) == 0);
  CHECK_FALSE(node.showed_state(node_state::State::ready));
  CHECK(node.console().raw().contains(reason));
}

// No kernel is started: the firmware refuses, again and again, and there is nothing else to start.
void check_refused_by_firmware(const ScratchDisk& disk, const std::string& name) {
  Node node(disk, name);
  const auto refusal = vm::Pattern::accepted_by(
      [](std::string_view line) {
        return line.contains("Error loading ") && (line.contains("Access Denied") || line.contains("Access denied"));
      },
      "that says that access was denied");
  for (int times = 0; times < 2; ++times) must(node.machine().wait_for_line(refusal, vm::after(kBootTime)));
  CHECK(std::ranges::none_of(node.console().lines(), is_kernel_message));
}

std::string only_uki(const ScratchDisk& disk) {
  const auto names = disk.uki_names();
  REQUIRE(names.size() == 1);
  return names.front();
}

// Changes one byte in a section of the only UKI.
void flip_in_uki(const ScratchDisk& disk, const std::string& section) {
  const std::string name = only_uki(disk);
  std::string uki = disk.uki(name);
  const pe::Image image = must(pe::parse(as_bytes(uki)));
  const pe::Section* found = image.find(section);
  REQUIRE(found != nullptr);
  char& byte = uki.at(found->raw_offset + found->content_size() / 2);
  byte = static_cast<char>(byte ^ 1);
  disk.put_uki(name, uki);
}

TEST_CASE("a changed byte in the super block of the root is found in the initrd") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  disk.flip_byte(kSlotA.root, 1024 + 16);
  check_restarts(disk, "tamper-super-block", kSaidByInit);
}

TEST_CASE("a changed byte in a program restarts the machine when it is read") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  disk.flip_byte(kSlotA.root, disk.first_data_byte(kSlotA.root, "/usr/bin/containerd"));
  check_restarts(disk, "tamper-program", "Kernel panic - not syncing: dm-verity device corrupted");
}

TEST_CASE("a changed byte in the hash tree is found") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  // Behind the 4 KiB of the super block stands the root of the tree.
  disk.flip_byte(kSlotA.verity, 4096 + 7);
  check_restarts(disk, "tamper-hash-tree", kSaidByInit);
}

// Nobody has signed what the superblock says about the tree; the root hash would still be the signed one.
TEST_CASE("a hash tree with another salt than that of every build is refused before the kernel uses it") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  constexpr std::uint64_t kSaltAt = 88;  // lib/verity/superblock.cpp
  disk.flip_byte(kSlotA.verity, kSaltAt);
  check_restarts(disk, "tamper-salt",
                 "bulkhead-init: cannot boot: activating dm-verity: reading the verity superblock");
}

TEST_CASE("a changed byte in the signature of the root hash is found by the kernel") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  // In the middle of the base64 text of the PKCS#7 structure, so that everything before the kernel finds it in order.
  disk.change_byte(kSlotA.verity_signature, 400, [](std::byte before) {
    constexpr std::byte kDigit{'A'};
    return before == kDigit ? std::byte{'B'} : kDigit;
  });
  check_restarts(disk, "tamper-signature", "Root hash verification failed");
}

TEST_CASE("a UKI with a changed byte in its kernel is refused by the firmware") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  flip_in_uki(disk, ".linux");
  check_refused_by_firmware(disk, "tamper-kernel");
}

TEST_CASE("a UKI with a changed byte in its command line is refused by the firmware") {
  const ScratchDisk disk(BuiltImage::of_variant("kvm"));
  flip_in_uki(disk, ".cmdline");
  check_refused_by_firmware(disk, "tamper-command-line");
}

}  // namespace
}  // namespace bulkhead::testing
