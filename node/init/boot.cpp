#include "node/init/boot.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include "lib/boot_times/boot_times.hpp"
#include "lib/gpt/partition_uuid.hpp"
#include "lib/verity/root_hash_signature.hpp"
#include "node/init/block_devices.hpp"
#include "node/init/command_line.hpp"
#include "node/init/console.hpp"
#include "node/init/disk_table.hpp"
#include "node/init/etc.hpp"
#include "node/init/hand_over.hpp"
#include "node/init/identity.hpp"
#include "node/init/kernel.hpp"
#include "node/init/verity_device.hpp"

namespace bulkhead::init {
namespace {

constexpr const char* kRoot = "/sysroot";
constexpr std::uint64_t kLongestCommandLine = 64U << 10U;
// The time for everything but the search for devices, until systemd takes over the watchdog.
constexpr std::chrono::seconds kWatchdogMargin{60};

Result<verity::RootHashSignature> read_signature(const Partition& partition) {
  const sys::UniqueFd device = TRY(sys::open_file("/dev/" + partition.device.name, O_RDONLY));
  std::vector<std::byte> bytes(verity::kSignaturePartitionSize);
  TRY(sys::read_exactly_at(device.get(), bytes, 0));
  return verity::parse_root_hash_signature(bytes);
}

// The signature of this root hash. Each slot has a signature partition; the root hash in it tells which one is ours.
// The kernel decides whether a signature is needed; here the boot only fails early when the command line requires one.
Result<std::vector<std::byte>> find_signature(const SlotPartitions& slot, const BootRequest& request) {
  std::string reasons;  // of each: which of them is this slot's, only a signature could say
  for (const Partition& partition : slot.siblings) {
    if (gpt::kind_of(partition.type) != gpt::PartitionKind::root_verity_signature) continue;
    auto signature = read_signature(partition);
    if (signature && signature->root_hash == request.root_hash) return std::move(signature->signature);
    reasons += std::format("{}/dev/{}: {}", reasons.empty() ? "" : "; ", partition.device.name,
                           signature ? "it signs another root hash" : signature.error().describe());
  }
  if (reasons.empty()) reasons = "there is no signature partition";
  if (request.signature_required)
    return fail(error(ErrorCode::verification_failed, "the root hash is not signed: {}", reasons)
                    .with_hint("write the image to this slot again, with the partition that has the signature"));
  return std::vector<std::byte>{};
}

// The next boot may need it: firmware need not know of the backup.
void restore_table(const BlockDevice& disk) {
  const auto restored = restore_primary_table("/dev/" + disk.name, sys::Path("/sys/class/block") / disk.name);
  if (!restored)
    say(Level::warning,
        std::format("the partition table of {} cannot be repaired: {}", disk.name, restored.error().describe()));
  else if (*restored)
    say(Level::warning,
        std::format("the primary partition table of {} was damaged, and was written again from the backup", disk.name));
}

// For the boot chart. A boot without it is as good.
void leave_time_of_start(std::chrono::steady_clock::time_point started) {
  const auto since_kernel = std::chrono::duration_cast<boot_times::Moment>(started.time_since_epoch());
  const sys::Path file(boot_times::kInitrdFile);
  auto done = sys::create_directories(file.parent_path());
  if (done) done = sys::write_file_atomically(file, boot_times::initrd_text(since_kernel), 0444);
  if (!done) say(Level::warning, "the boot chart will not know of the initrd: " + done.error().describe());
}

}  // namespace

Result<> boot() {
  const auto started = std::chrono::steady_clock::now();
  TRY(mount_kernel_file_systems());
  leave_time_of_start(started);
  const std::string command_line = TRY(sys::read_file(sys::Path(kSignedCommandLine), kLongestCommandLine));
  const std::string given = TRY(sys::read_file("/proc/cmdline", kLongestCommandLine));
  TRY(check_command_line(given, command_line));
  const BootRequest request = TRY(parse_command_line(command_line));
  Drivers drivers = TRY_CTX(Drivers::open(command_line), "reading the list of modules");
  drivers.load_needed();
  arm_watchdog(drivers, request.device_timeout + kWatchdogMargin);
  set_memory_reserve();

  const gpt::PartitionUuid esp = TRY(started_from());
  const SlotPartitions slot = TRY_CTX(find_slot(esp, request.data, request.hash, drivers, request.device_timeout),
                                      "waiting for the root partition");
  restore_table(slot.data.disk);
  const std::vector<std::byte> signature = TRY(find_signature(slot, request));
  const std::string device =
      TRY_CTX(activate({.root_hash = request.root_hash, .data = slot.data, .hash = slot.hash, .pkcs7 = signature}),
              "activating dm-verity");

  TRY(mount_at(device, kRoot, "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID));
  TRY_CTX(prepare_etc(kRoot), "preparing /etc");
  TRY_CTX(write_machine_id(kRoot, slot), "writing the machine id");
  TRY_CTX(write_disk_rules(slot.data.disk), "writing udev rules");
  TRY(check_is_only_disk(esp, request.data, request.hash));
  return hand_over(kRoot);
}

}  // namespace bulkhead::init
