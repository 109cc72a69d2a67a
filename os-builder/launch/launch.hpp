// What an operator gives to libvirt or EC2 to start an image with Secure Boot on and only the owner's keys enrolled.
// docs/launch.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/version.hpp"

namespace bulkhead::launch {

inline constexpr const char* kLibvirtFile = "libvirt.xml";
inline constexpr const char* kUefiDataFile = "uefi-data";
inline constexpr const char* kRegisterImageFile = "register-image.json";

struct LaunchSubject {
  std::string product;  // "Bulkhead"
  std::string variant;
  std::string description;
  Version version;
  std::string build_id;
  std::uint64_t disk_size = 0;  // bytes of disk.img
};

// A domain for `virsh define`. Firmware with Secure Boot and without keys: systemd-boot enrols the owner's from the ESP
// when it starts for the first time, and restarts. The disk is where libvirt keeps images: docs/launch.md copies it.
std::string libvirt_domain(const LaunchSubject& subject);

// The input of `aws ec2 register-image --cli-input-json`, but for the snapshot, which exists only after the upload.
std::string register_image(const LaunchSubject& subject, std::string_view uefi_data);

}  // namespace bulkhead::launch
