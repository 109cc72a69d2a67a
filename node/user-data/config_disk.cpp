#include "node/user-data/config_disk.hpp"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "lib/base/text.hpp"
#include "node/user-data/untrusted_file.hpp"

namespace bulkhead::collect {
namespace {

// Devices in memory, on files and on other devices: never a disk that the machine's owner attached.
constexpr std::array<std::string_view, 5> kNotDisks = {"ram", "zram", "loop", "dm-", "md"};

constexpr std::size_t kLongestAttribute = 4096;

struct FreeProbe {
  void operator()(blkid_probe probe) const { ::blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

std::string value_of(blkid_probe probe, const char* name) {
  const char* value = nullptr;
  if (::blkid_probe_lookup_value(probe, name, &value, nullptr) != 0 || value == nullptr) return {};
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Plain characters only, whatever the hardware has there.
std::string plain(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(result, [](char c) { return c <= ' ' || c > '~'; }, '_');
  return result;
}

// What the kernel shows of the disk's own name: of virtio, NVMe, MMC and SCSI. Empty when the hardware has none.
std::string hardware_of(const sys::Path& entry) {
  // An entry is a link to the device; a partition's is below its disk.
  const sys::Path disk = sys::exists(entry / "partition") ? entry / ".." : entry;
  for (const char* attribute : {"wwid", "serial", "device/wwid", "device/serial"}) {
    const auto text = sys::read_file(disk / attribute, kLongestAttribute);
    if (text && !trim(*text).empty()) return plain(trim(*text));
  }
  return {};
}

std::string identity_of(blkid_probe probe, const sys::Path& entry) {
  const std::string uuid = value_of(probe, "UUID");
  if (std::ranges::all_of(uuid, [](char c) { return c == '0' || c == '-'; })) return {};
  const std::string hardware = hardware_of(entry);
  return std::format("{} {}{}{}", value_of(probe, "TYPE"), uuid, hardware.empty() ? "" : " ", hardware);
}

std::optional<ConfigDisk> probed(const sys::Path& device, const sys::Path& entry) {
  const auto fd = sys::open_file(device, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!fd) return std::nullopt;
  const Probe probe(::blkid_new_probe());
  if (probe == nullptr || ::blkid_probe_set_device(probe.get(), fd->get(), 0, 0) != 0) return std::nullopt;
  std::array<char, 5> vfat = {"vfat"};
  std::array<char, 8> iso = {"iso9660"};
  std::array<char*, 3> types = {vfat.data(), iso.data(), nullptr};
  ::blkid_probe_enable_superblocks(probe.get(), 1);
  ::blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID);
  ::blkid_probe_filter_superblocks_type(probe.get(), BLKID_FLTR_ONLYIN, types.data());
  if (::blkid_do_safeprobe(probe.get()) != 0) return std::nullopt;  // none, or ambiguous
  return ConfigDisk{.device = device,
                    .type = value_of(probe.get(), "TYPE"),
                    .label = value_of(probe.get(), "LABEL"),
                    .identity = identity_of(probe.get(), entry)};
}

// The kernel's error about a mount, for the message.
std::string kernel_message(int context) {
  std::array<char, 256> text{};
  const ssize_t size = ::read(context, text.data(), text.size());
  if (size <= 0) return {};
  std::string message(text.data(), static_cast<std::size_t>(size));
  while (message.ends_with('\n')) message.pop_back();
  return message;
}

Result<sys::UniqueFd> mounted(const ConfigDisk& disk) {
  const sys::UniqueFd context(::fsopen(disk.type.c_str(), FSOPEN_CLOEXEC));
  if (!context) return fail_errno("mounting {}: {}", disk.device.native(), disk.type);
  const int fd = context.get();
  if (::fsconfig(fd, FSCONFIG_SET_STRING, "source", disk.device.c_str(), 0) < 0 ||
      ::fsconfig(fd, FSCONFIG_SET_FLAG, "ro", nullptr, 0) < 0 ||
      ::fsconfig(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    const int reason = errno;
    return fail(errno_error(reason, "mounting {}: {}", disk.device.native(), kernel_message(fd)));
  }
  sys::UniqueFd mount(
      ::fsmount(fd, FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW));
  if (!mount) return fail_errno("mounting {}", disk.device.native());
  return mount;
}

}  // namespace

Result<std::vector<ConfigDisk>> find_config_disks(const sys::Path& classes, const sys::Path& devices) {
  std::vector<ConfigDisk> disks;
  const std::vector<sys::Path> entries = TRY(sys::list_directory(classes));
  for (const sys::Path& entry : entries) {
    std::string name = entry.filename().native();
    if (std::ranges::any_of(kNotDisks, [&](std::string_view prefix) { return name.starts_with(prefix); })) continue;
    std::ranges::replace(name, '!', '/');  // sysfs writes "cciss/c0d0" with '!'
    if (auto disk = probed(devices / name, entry)) disks.push_back(*std::move(disk));
  }
  return disks;
}

Result<std::optional<ConfigDisk>> only_disk(const std::vector<ConfigDisk>& disks, std::string_view label) {
  std::optional<ConfigDisk> found;
  std::string all;
  bool several = false;
  for (const ConfigDisk& disk : disks) {
    if (lower(disk.label) != label) continue;
    several = found.has_value();
    all += std::format("{}{} ({})", several ? " and " : "", disk.device.native(), disk.label);
    found = disk;
  }
  if (several)
    return fail(ErrorCode::failed_precondition,
                "several disks have the label of this source: {}; none of them is used: detach all but one", all);
  return found;
}

Result<std::optional<std::string>> read_from(const ConfigDisk& disk, const sys::Path& file, std::size_t limit) {
  const sys::UniqueFd mount = TRY(mounted(disk));
  return TRY_CTX(read_below(mount.get(), file, limit), "reading disk {}", disk.device.native());
}

}  // namespace bulkhead::collect
