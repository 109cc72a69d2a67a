#include <nlohmann/json.hpp>

#include "os-builder/launch/launch.hpp"

namespace bulkhead::launch {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr const char* kRootDevice = "/dev/xvda";

}  // namespace

// RegisterImage of the EC2 API, version 2016-11-15.
std::string register_image(const LaunchSubject& subject, std::string_view uefi_data) {
  using nlohmann::ordered_json;
  // The snapshot's own size is the least; the disk is a whole number of MiB, a volume one of GiB.
  const std::uint64_t volume = (subject.disk_size + kGiB - 1) / kGiB;
  const ordered_json request = {
      {"Name", std::format("bulkhead-{}-{}-{}", subject.variant, subject.version.to_string(), subject.build_id)},
      {"Description", std::format("{} {}: {}", subject.product, subject.version.to_string(), subject.description)},
      {"Architecture", "x86_64"},
      {"VirtualizationType", "hvm"},
      {"BootMode", "uefi"},
      {"UefiData", uefi_data},
      {"TpmSupport", "v2.0"},
      {"ImdsSupport", "v2.0"},
      {"EnaSupport", true},
      {"RootDeviceName", kRootDevice},
      {"BlockDeviceMappings",
       ordered_json::array(
           {{{"DeviceName", kRootDevice},
             {"Ebs", {{"VolumeSize", volume}, {"VolumeType", "gp3"}, {"DeleteOnTermination", true}}}}})},
  };
  return request.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace bulkhead::launch
