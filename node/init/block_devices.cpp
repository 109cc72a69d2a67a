#include "node/init/block_devices.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::init {
namespace {

constexpr std::uint32_t kLargestSector = 4096;

// The kernel's announcements of devices. Only messages from the kernel itself are accepted.
class UeventSocket {
 public:
  static Result<UeventSocket> open() {
    sys::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    if (!fd) return fail_errno("opening the uevent socket");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1;  // the kernel's group; 2 is udev's
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      return fail_errno("binding the uevent socket");
    return UeventSocket(std::move(fd));
  }

  // Returns true when a device was announced, false at the deadline.
  Result<bool> wait_for_device(std::chrono::steady_clock::time_point deadline) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      const int count = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (count < 0 && errno != EINTR) return fail_errno("waiting for devices");
      if (count == 0) return false;
      if (count < 0) continue;
      const bool came = TRY(drain());
      if (came) return true;
    }
  }

 private:
  explicit UeventSocket(sys::UniqueFd fd) : fd_(std::move(fd)) {}

  // Reads all waiting messages, so that sysfs is read once for all of them.
  Result<bool> drain() {
    bool seen = false;
    for (;;) {
      std::array<char, 8192> buffer;
      sockaddr_nl sender{};
      iovec piece{.iov_base = buffer.data(), .iov_len = buffer.size()};
      msghdr message{};
      message.msg_name = &sender;
      message.msg_namelen = sizeof sender;
      message.msg_iov = &piece;
      message.msg_iovlen = 1;
      const ssize_t count = ::recvmsg(fd_.get(), &message, 0);
      if (count < 0 && errno == EAGAIN) return seen;
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == ENOBUFS)
        seen = true;  // some were lost: read everything again
      else if (count < 0)
        return fail_errno("receiving uevents");
      else if (sender.nl_pid == 0)
        seen |= announces_device({buffer.data(), static_cast<std::size_t>(count)});
    }
  }

  sys::UniqueFd fd_;
};

Result<BlockDevice> read_device(const sys::Path& directory) {
  const std::string text = TRY(sys::read_file(directory / "uevent", 4096));
  return parse_block_uevent(text);
}

Result<std::vector<GptEntry>> read_table(const BlockDevice& disk, const sys::Path& directory) {
  const std::string text = TRY(sys::read_file(directory / "queue/logical_block_size", 64));
  const auto sector_size = TRY(parse_integer<std::uint32_t>(trim(text)));
  if (sector_size < 512 || sector_size > kLargestSector)
    return fail(ErrorCode::invalid_argument, "sectors of {} bytes", sector_size);
  const sys::UniqueFd device = TRY(sys::open_file("/dev/" + disk.name, O_RDONLY));
  std::vector<std::byte> sector(sector_size);
  TRY(sys::read_exactly_at(device.get(), sector, sector_size));
  const GptHeader header = TRY(parse_gpt_header(sector));
  std::vector<std::byte> entries(std::size_t{header.entry_count} * header.entry_size);
  TRY(sys::read_exactly_at(device.get(), entries, header.entries_offset));
  return parse_gpt_entries(header, entries);
}

// The partitions of one disk. A disk that cannot be read has no known GUIDs: another disk may have the wanted ones.
std::vector<Partition> partitions_of(const BlockDevice& disk, const sys::Path& directory) {
  std::vector<Partition> partitions;
  for (const sys::Path& child : sys::list_directory(directory).value_or(std::vector<sys::Path>{})) {
    if (!sys::exists(child / "partition")) continue;
    if (const auto device = read_device(child))
      partitions.push_back({.device = *device, .disk = disk, .type = {}, .uuid = {}});
  }
  if (partitions.empty()) return partitions;
  std::ranges::sort(partitions, {}, [](const Partition& p) { return p.device.partition_number; });
  if (const auto table = read_table(disk, directory)) {
    for (const GptEntry& entry : *table) {
      const auto found =
          std::ranges::find(partitions, entry.number, [](const Partition& p) { return p.device.partition_number; });
      if (found == partitions.end()) continue;
      found->type = entry.type;
      found->uuid = entry.uuid;
    }
  }
  return partitions;
}

// All partitions now, one list per disk, by name of the disk.
std::vector<std::vector<Partition>> scan() {
  std::vector<std::vector<Partition>> disks;
  for (const sys::Path& directory : sys::list_directory("/sys/class/block").value_or(std::vector<sys::Path>{})) {
    const auto device = read_device(directory);
    if (device && !device->is_partition) disks.push_back(partitions_of(*device, directory));
  }
  return disks;
}

const Partition* find_in(const std::vector<Partition>& partitions, const PartitionName& name) {
  const auto found = std::ranges::find_if(partitions, [&](const Partition& partition) {
    return name.uuid ? partition.uuid == *name.uuid : partition.device.name == name.device;
  });
  return found == partitions.end() ? nullptr : &*found;
}

std::optional<SlotPartitions> choose(const std::vector<std::vector<Partition>>& disks, const PartitionName& data,
                                     const PartitionName& hash) {
  for (const auto& disk : disks) {
    const Partition* root = find_in(disk, data);
    const Partition* tree = find_in(disk, hash);
    if (root != nullptr && tree != nullptr) return SlotPartitions{.data = *root, .hash = *tree, .siblings = disk};
  }
  return std::nullopt;
}

std::string list_of(const std::vector<std::vector<Partition>>& disks) {
  std::string text;
  for (const auto& disk : disks) {
    for (const Partition& partition : disk) {
      text += std::format("{}{} ({})", text.empty() ? "" : ", ", partition.device.name,
                          partition.uuid.to_string().substr(0, 8));
    }
  }
  return text.empty() ? "none" : text;
}

}  // namespace

Result<SlotPartitions> find_slot(const PartitionName& data, const PartitionName& hash, Drivers& drivers,
                                 std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  // Subscribed before sysfs is read for the first time, so that nothing is missed in between.
  UeventSocket socket = TRY(UeventSocket::open());
  for (;;) {
    drivers.load_needed();
    const auto disks = scan();
    if (auto slot = choose(disks, data, hash)) return *std::move(slot);
    const bool came = TRY(socket.wait_for_device(deadline));
    if (!came) {
      return fail(error(ErrorCode::unavailable, "no disk has {} and {} after {} s; partitions: {}", data.to_string(),
                        hash.to_string(), timeout.count(), list_of(scan()))
                      .with_hint("attach the disk that this version is on, or start the other version from the boot "
                                 "loader's menu"));
    }
  }
}

std::optional<Partition> sibling_of_kind(const SlotPartitions& slot, gpt::PartitionKind kind) {
  const auto found = std::ranges::find(slot.siblings, gpt::type_uuid(kind), &Partition::type);
  if (found == slot.siblings.end()) return std::nullopt;
  return *found;
}

}  // namespace bulkhead::init
