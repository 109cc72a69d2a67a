#include "node/init/block_devices.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"
#include "lib/slots/efi_text.hpp"
#include "lib/sys/file.hpp"
#include "node/init/disk_table.hpp"
#include "node/init/kernel.hpp"

namespace bulkhead::init {
namespace {

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
  if (const auto table = read_disk_table("/dev/" + disk.name, directory)) {
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

Result<gpt::PartitionUuid> started_from() {
  const sys::Path variables = "/sys/firmware/efi/efivars";
  TRY(mount_at("efivarfs", variables, "efivarfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC));
  const sys::Path file = variables / std::format("StubDevicePartUUID-{}", slots::kLoaderVendor);
  const auto content = sys::read_file(file, slots::kLargestVariable);
  ::umount2(variables.c_str(), MNT_DETACH);  // systemd mounts it
  if (!content)
    return fail(error(ErrorCode::unavailable, "the firmware does not say which disk this system was started from: {}",
                      content.error().describe())
                    .with_hint("start it from the EFI system partition of its disk"));
  return TRY_CTX(parse_esp_variable(as_bytes(*content)), "EFI variable {}", file.filename().native());
}

Result<SlotPartitions> find_slot(const gpt::PartitionUuid& esp, const PartitionName& data, const PartitionName& hash,
                                 Drivers& drivers, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  // Subscribed before sysfs is read for the first time, so that nothing is missed in between.
  UeventSocket socket = TRY(UeventSocket::open());
  for (;;) {
    drivers.load_needed();
    const auto disks = scan();
    auto slot = TRY(choose_slot(disks, esp, data, hash));
    if (slot) return *std::move(slot);
    const bool came = TRY(socket.wait_for_device(deadline));
    if (!came) {
      return fail(error(ErrorCode::unavailable,
                        "no disk has {} and {} beside the boot partition {} after {} s; "
                        "partitions: {}",
                        data.to_string(), hash.to_string(), esp.to_string(), timeout.count(), list_of(scan()))
                      .with_hint("attach the disk that this version is on, or start the other version from the boot "
                                 "loader's menu"));
    }
  }
}

Result<> check_is_only_disk(const gpt::PartitionUuid& esp, const PartitionName& data, const PartitionName& hash) {
  TRY(choose_slot(scan(), esp, data, hash));
  return {};
}

}  // namespace bulkhead::init
