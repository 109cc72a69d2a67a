#include "node/init/partition.hpp"

#include <algorithm>

namespace bulkhead::init {

Result<PartitionName> PartitionName::parse(std::string_view text) {
  static constexpr std::string_view kUuidPrefix = "PARTUUID=";
  static constexpr std::string_view kDevicePrefix = "/dev/";
  PartitionName name;
  if (text.starts_with(kUuidPrefix)) {
    name.uuid = TRY(gpt::PartitionUuid::parse(text.substr(kUuidPrefix.size())));
    return name;
  }
  if (!text.starts_with(kDevicePrefix))
    return fail(ErrorCode::invalid_argument, "'{}' is not PARTUUID=… or /dev/…", text);
  name.device = text.substr(kDevicePrefix.size());
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.device.empty() || name.device.size() > 32 || !std::ranges::all_of(name.device, allowed)) {
    return fail(ErrorCode::invalid_argument, "'{}' is not the name of a block device", text);
  }
  return name;
}

std::string PartitionName::to_string() const { return uuid ? "PARTUUID=" + uuid->to_string() : "/dev/" + device; }

}  // namespace bulkhead::init
