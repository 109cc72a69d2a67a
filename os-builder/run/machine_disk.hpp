// The disk of a machine, and the files that a variant's machine keeps between runs.
#pragma once

#include "os-builder/run/boot.hpp"

namespace bulkhead::run {

struct MachineFiles {
  vm::Disk disk;
  std::optional<sys::Path> variables;  // UEFI variable store to keep; empty: a temporary one
  bool fresh = false;  // the disk on top of the image was made now, because there was none for this image
};

// Errors: not_found with a hint to build; invalid_argument for an image of another format.
Result<MachineFiles> prepare_disk(const BootOptions& options);

// The bus that a variant's platform gives its root disk: NVMe on EC2, virtio-blk elsewhere.
vm::DiskBus platform_bus(const std::string& variant);

// By the bytes at its start: "QFI\xfb" is qcow2, "EFI PART" in the second sector a raw disk.
Result<vm::DiskFormat> format_of(const sys::Path& image);

}  // namespace bulkhead::run
