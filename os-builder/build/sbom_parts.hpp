// The files of an image outside of its root, for the SBOM.
#pragma once

#include <map>
#include <string>

#include "lib/sys/file.hpp"
#include "os-builder/rootfs/compose.hpp"
#include "os-builder/sbom/spdx.hpp"

namespace bulkhead::build {

struct BootFiles {
  rootfs::BootPackages packages;
  std::map<std::string, sys::Path> esp_files;  // bootloader::esp_files()
  sys::Path uki;                               // signed
  sys::Path initrd;
};

// Reads all of them. The UKI is described by its sections: kernel, initrd and texts of ours, and everything else the
// stub's.
Result<sbom::PartFiles> describe_parts(const BootFiles& files);

}  // namespace bulkhead::build
