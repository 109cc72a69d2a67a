// A virtual machine, as plain data, and its QEMU command line.
//
// command_line() is a pure function of its arguments: nothing is opened, looked up or probed there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::vm {

// `automatic` is decided by choose_accelerator() before a machine starts (lib/vm/accelerator.hpp).
enum class Accelerator { automatic, kvm, tcg };
std::string_view to_string(Accelerator accelerator);
Result<Accelerator> parse_accelerator(std::string_view text);

enum class DiskBus { virtio_blk, nvme, virtio_scsi };
enum class DiskFormat { raw, qcow2 };

struct Disk {
  sys::Path image;
  DiskFormat format = DiskFormat::raw;
  DiskBus bus = DiskBus::virtio_blk;
  // All writes go to a qcow2 overlay that disappears with the machine; the image is only read.
  bool snapshot = true;
  // Makes the disk that the guest sees larger than the image; only with `snapshot`. 0: as large as the image.
  std::uint64_t size = 0;

  // The guest's flushes reach the host's disk. Without it, written data survives the end of QEMU, but not a crash of
  // the host. An overlay is never durable.
  bool durable = true;

  // The guest cannot write to it; only without `snapshot`.
  bool read_only = false;
  // Rules for QEMU's blkdebug, by which reads and writes fail (qemu docs/devel/blkdebug.rst); empty: none.
  sys::Path faults{};

  bool operator==(const Disk&) const = default;
};

// OVMF. `variables` is written by the guest; make one per machine with VarStore (lib/vm/var_store.hpp).
struct UefiBoot {
  sys::Path code;
  sys::Path variables;
  bool secure_boot = true;  // `code` is a build with SMM, which protects the variables from the guest's kernel

  bool operator==(const UefiBoot&) const = default;
};

// The kernel is loaded by QEMU itself, without firmware.
struct KernelBoot {
  sys::Path kernel;
  sys::Path initrd;  // may be empty
  std::string command_line;

  bool operator==(const KernelBoot&) const = default;
};

// The boot sector of the first disk, by QEMU's BIOS. For guests too small to need more.
struct BiosBoot {
  bool operator==(const BiosBoot&) const = default;
};

// TCP from 127.0.0.1:host into the guest.
struct PortForward {
  std::uint16_t host = 0;
  std::uint16_t guest = 0;

  bool operator==(const PortForward&) const = default;
};

// The guest's IPv4 network: "172.31.0.0/16" and addresses in it.
struct Subnet {
  std::string network;
  std::string gateway;
  std::string name_server;
  std::string guest;  // what DHCP gives it

  bool operator==(const Subnet&) const = default;
};

// A TCP server for the guest alone, at an unused address of its subnet: for each connection, QEMU runs `command`,
// without a shell, with the connection as standard input and output.
struct GuestService {
  std::string address;
  std::uint16_t port = 0;
  std::vector<std::string> command;  // words without blanks, quotes and backslashes

  bool operator==(const GuestService&) const = default;
};

struct Network {
  std::vector<PortForward> forwards{};
  bool restricted = false;         // the guest cannot reach anything outside
  std::optional<Subnet> subnet{};  // QEMU's 10.0.2.0/24 when there is none
  std::vector<GuestService> services{};

  bool operator==(const Network&) const = default;
};

// "8080:80"; both 1-65535.
Result<PortForward> parse_port_forward(std::string_view text);
// "virtio-blk", "nvme", "virtio-scsi"
Result<DiskBus> parse_disk_bus(std::string_view text);

// What drives the guest's clock. With emulated instructions, the same number of instructions takes the same guest time
// however busy the host is, and waiting takes no time: the guest's own time limits neither expire early nor delay a
// test. Only with TCG and one CPU.
enum class Clock { host, instructions };

// What happens when the guest asks for a reset, or its watchdog does.
enum class OnReset { reset, end };

struct FirmwareFile {
  std::string name;  // "opt/…"
  std::string content;

  bool operator==(const FirmwareFile&) const = default;
};

struct MachineSpec {
  std::variant<UefiBoot, KernelBoot, BiosBoot> boot;
  std::vector<Disk> disks{};  // the first one is booted from
  Accelerator accelerator = Accelerator::automatic;
  std::uint64_t memory = std::uint64_t{2} << 30U;  // bytes, a multiple of 1 MiB
  unsigned cpus = 1;
  Clock clock = Clock::host;
  std::optional<Network> network = Network{};  // virtio; never booted from
  bool tpm = false;                            // TPM 2.0 by swtpm, with a state that disappears with the machine
  bool watchdog = true;                        // i6300esb; a bite resets the machine
  OnReset on_reset = OnReset::reset;
  std::string smbios_uuid{};    // product UUID; QEMU's default (all zero) when empty
  std::string smbios_vendor{};  // of the system, by which guests recognize clouds: "Amazon EC2"; QEMU's when empty
  std::string rtc_base{};       // "2026-01-31T12:00:00"; the host's clock when empty
  std::vector<FirmwareFile> firmware_files{};
  std::vector<std::string> extra_arguments{};

  bool operator==(const MachineSpec&) const = default;
};

// How a machine talks to its owner: sockets on which the owner listens, and files below one private directory.
struct Wiring {
  sys::Path monitor_socket;
  sys::Path serial_socket;
  sys::Path serial_log;               // everything that the guest prints, written by QEMU itself
  sys::Path tpm_socket{};             // used when spec.tpm
  std::vector<sys::Path> overlays{};  // one per disk with `snapshot`, in the order of the disks

  bool operator==(const Wiring&) const = default;
};

// arguments[0] is "qemu-system-x86_64". spec.accelerator must be decided. Errors: invalid_argument for a spec that
// contradicts itself.
Result<std::vector<std::string>> command_line(const MachineSpec& spec, const Wiring& wiring);

}  // namespace bulkhead::vm
