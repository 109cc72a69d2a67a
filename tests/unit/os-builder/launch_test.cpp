#include "os-builder/launch/launch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace bulkhead;
using namespace bulkhead::launch;

namespace {

LaunchSubject launch_subject(const std::string& variant) {
  return {.product = "Bulk & Head",
          .variant = variant,
          .description = "for \"tests\"",
          .version = *Version::parse("1.2.3"),
          .build_id = "0123456789abcdef",
          .disk_size = (std::uint64_t{4} << 30U) + 1};
}

}  // namespace

TEST_CASE("the domain for libvirt has Secure Boot without anybody's keys, and no text breaks it") {
  const std::string domain = libvirt_domain(launch_subject("kvm"));
  CHECK(domain.contains("<feature enabled='yes' name='secure-boot'/>"));
  CHECK(domain.contains("<feature enabled='no' name='enrolled-keys'/>"));
  CHECK(domain.contains("<smm state='on'/>"));
  CHECK(domain.contains("<name>bulkhead-kvm</name>"));
  CHECK(domain.contains("/var/lib/libvirt/images/bulkhead-kvm.qcow2"));
  CHECK(domain.contains("<title>Bulk &amp; Head 1.2.3 (kvm)</title>"));
}

TEST_CASE("the request to EC2 has UEFI with the keys, a TPM, IMDSv2 only, and a volume that the disk fits on") {
  const auto request = nlohmann::json::parse(register_image(launch_subject("ec2"), "QU1a"));
  CHECK(request["Name"] == "bulkhead-ec2-1.2.3-0123456789abcdef");
  CHECK(request["BootMode"] == "uefi");
  CHECK(request["UefiData"] == "QU1a");
  CHECK(request["TpmSupport"] == "v2.0");
  CHECK(request["ImdsSupport"] == "v2.0");
  CHECK(request["EnaSupport"] == true);
  CHECK(request["RootDeviceName"] == request["BlockDeviceMappings"][0]["DeviceName"]);
  CHECK(request["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 5);
}
