// `os-builder boot`: runs an image under QEMU with UEFI firmware and Secure Boot, on the terminal or until the node is
// ready.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/cli/program.hpp"
#include "lib/vm/machine_spec.hpp"

namespace bulkhead::run {

struct BootOptions {
  sys::Path images;  // directory with one folder per variant, as `os-builder build` writes them
  std::string variant = "kvm";
  std::optional<sys::Path>
      image{};      // a disk image (raw or qcow2) instead of the variant's; written to unless `snapshot`
  sys::Path keys;   // key directory whose certificates the firmware gets
  sys::Path cache;  // remembers whether KVM works
  vm::Accelerator accelerator = vm::Accelerator::automatic;
  std::uint64_t memory = std::uint64_t{2} << 30U;      // bytes
  std::optional<unsigned> cpus{};                      // default: 2, or 1 when emulated
  std::uint64_t disk_size = std::uint64_t{16} << 30U;  // bytes; what the guest sees, when that is more than the image
  std::optional<vm::DiskBus> bus{};                    // default: what the variant's platform has
  bool snapshot = false;                               // discard everything that the guest writes
  std::vector<vm::PortForward> ports{};
  std::optional<sys::Path> user_data{};  // handed to the node by the firmware (docs/user-data.md)
  bool until_ready = false;              // no terminal; ends when the node is ready
  std::chrono::seconds ready_time{900};
};

// A variant's image is never written to: the machine of a variant lives in images/<variant>.machine (a disk on top of
// the image, and UEFI variables), is kept between runs, and starts anew when the image was built again.
//
// Returns ok, or failed when it waited for the node and the node is degraded. Errors: not_found (no image, no firmware,
// no keys), aborted (image in use, port taken), unavailable (not ready in time; shows the console's last lines).
Result<cli::ExitCode> run(const BootOptions& options, const cli::Invocation& invocation);

}  // namespace bulkhead::run
