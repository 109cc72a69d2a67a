#include "node/init/identity.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "lib/base/hex.hpp"
#include "lib/gpt/partition_uuid.hpp"
#include "lib/gpt/slot_layout.hpp"
#include "lib/machine_id/machine_id.hpp"
#include "node/init/console.hpp"
#include "node/init/kernel.hpp"

namespace bulkhead::init {
namespace {

using machine_id::MachineId;

constexpr const char* kStateMount = "/state";
constexpr std::uint64_t kExt4MagicOffset = 1080;  // s_magic of the superblock at 1024

bool has_ext4(const Partition& partition) {
  const auto device = sys::open_file("/dev/" + partition.device.name, O_RDONLY);
  std::array<std::byte, 2> magic{};
  return device && sys::read_exactly_at(device->get(), magic, kExt4MagicOffset) &&
         magic == std::array{std::byte{0x53}, std::byte{0xef}};
}

// Mounted while this object lives.
class StateMount {
 public:
  static Result<StateMount> open(const Partition& state) {
    // Its superblock may ask the kernel to stop at the first error, at every boot.
    TRY(mount_at("/dev/" + state.device.name, kStateMount, "ext4",
                 MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW, "errors=continue"));
    return StateMount();
  }
  StateMount(StateMount&& other) noexcept : mounted_(std::exchange(other.mounted_, false)) {}
  StateMount& operator=(StateMount&&) = delete;
  ~StateMount() {
    if (mounted_) ::umount2(kStateMount, MNT_DETACH);
  }
  Result<> unmount() {
    if (::umount2(kStateMount, 0) < 0) return fail_errno("unmounting {}", kStateMount);  // then detached at the end
    mounted_ = false;
    return {};
  }

 private:
  StateMount() = default;
  bool mounted_ = true;
};

Result<MachineId> stored_machine_id(const SlotPartitions& slot) {
  const auto state = sibling(slot, gpt::kStateNumber);
  if (!state || !has_ext4(*state)) return fail(ErrorCode::not_found, "STATE has no file system yet");
  StateMount mount = TRY(StateMount::open(*state));
  std::string text;
  {
    const sys::UniqueFd file(::open("/state/machine-id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info{};
    if (!file || ::fstat(file.get(), &info) < 0) return fail_errno("opening machine-id on STATE");
    if (!S_ISREG(info.st_mode) || info.st_size > 33 || info.st_size < 32)
      return fail(ErrorCode::invalid_argument, "machine-id on STATE is not a machine id");
    std::array<std::byte, 33> bytes{};
    const auto content = std::span(bytes).first(static_cast<std::size_t>(info.st_size));
    TRY(sys::read_exactly_at(file.get(), content, 0));
    text = as_text(content);
  }
  TRY(mount.unmount());
  return MachineId::parse(text);
}

Result<MachineId> choose_machine_id(const SlotPartitions& slot) {
  auto stored = stored_machine_id(slot);
  if (stored) return stored;
  if (stored.error().code != ErrorCode::not_found)
    say(Level::warning, "the machine id on STATE is not used: " + stored.error().describe());
  if (const auto text = sys::read_file("/sys/class/dmi/id/product_uuid", 64)) {
    if (auto id = MachineId::from_product_uuid(*text)) return id;
  }
  std::array<std::byte, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail_errno("getting random bytes");
  return MachineId::from_random(bytes);
}

}  // namespace

Result<> write_machine_id(const sys::Path& root, const SlotPartitions& slot) {
  const MachineId id = TRY(choose_machine_id(slot));
  return sys::write_file_atomically(root / "etc/machine-id", id.to_string() + "\n", 0444);
}

Result<> write_disk_rules(const BlockDevice& disk) {
  static constexpr std::array<std::pair<std::string_view, unsigned>, 3> kLinks = {
      {{"esp", gpt::kEspNumber}, {"state", gpt::kStateNumber}, {"data", gpt::kDataNumber}}};
  std::string rules = "# The partitions of the disk this system was started from.\n";
  // By what the kernel knows. udev's own look at a partition ends when its first sectors cannot be read, and that is
  // when the name is needed most.
  for (const auto& [name, number] : kLinks) {
    rules += std::format(
        "SUBSYSTEM==\"block\", ENV{{DEVTYPE}}==\"partition\", ATTRS{{dev}}==\"{}\", ENV{{PARTN}}==\"{}\", "
        "SYMLINK+=\"bulkhead/{}\"\n",
        disk.number(), number, name);
  }
  TRY(sys::create_directories("/run/udev/rules.d"));
  return sys::write_file_atomically("/run/udev/rules.d/90-bulkhead-disk.rules", rules, 0444);
}

}  // namespace bulkhead::init
