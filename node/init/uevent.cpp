#include "node/init/uevent.hpp"

#include <algorithm>
#include <array>

#include "lib/base/text.hpp"

namespace bulkhead::init {
namespace {

constexpr std::size_t kLongestName = 32;  // DISK_NAME_LEN of the kernel

bool is_device_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, allowed);
}

}  // namespace

std::string BlockDevice::number() const { return std::format("{}:{}", major, minor); }

Result<BlockDevice> parse_block_uevent(std::string_view text) {
  BlockDevice device;
  std::string_view type;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "MAJOR") device.major = TRY_CTX(parse_integer<std::uint32_t>(value), "MAJOR");
    if (key == "MINOR") device.minor = TRY_CTX(parse_integer<std::uint32_t>(value), "MINOR");
    if (key == "PARTN") device.partition_number = TRY_CTX(parse_integer<std::uint32_t>(value), "PARTN");
    if (key == "DEVNAME") device.name = value;
    if (key == "DEVTYPE") type = value;
  }
  if (!is_device_name(device.name))
    return fail(ErrorCode::invalid_argument, "'{}' is not the name of a block device", device.name);
  if (type != "disk" && type != "partition")
    return fail(ErrorCode::invalid_argument, "'{}' is not a type of block device", type);
  device.is_partition = type == "partition";
  if (device.is_partition != (device.partition_number != 0)) {
    return fail(ErrorCode::invalid_argument, "partition number {} of a {}", device.partition_number, type);
  }
  return device;
}

bool announces_device(std::string_view message) {
  const auto fields = split(message, '\0');
  if (fields.empty() || !(fields.front().starts_with("add@") || fields.front().starts_with("change@"))) return false;
  static constexpr std::array<std::string_view, 4> kSubsystems = {"SUBSYSTEM=block", "SUBSYSTEM=pci", "SUBSYSTEM=scsi",
                                                                  "SUBSYSTEM=virtio"};
  return std::ranges::any_of(kSubsystems,
                             [&](std::string_view subsystem) { return std::ranges::contains(fields, subsystem); });
}

}  // namespace bulkhead::init
