// A machine that runs a Bulkhead image in a test: UEFI firmware with the image's keys enrolled and Secure Boot on,
// writing to the test's own disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/node_state/node_state.hpp"
#include "lib/vm/machine.hpp"
#include "tests/support/scratch_disk.hpp"

namespace bulkhead::testing {

// Limits, not expectations: emulated machines on a busy host are slow. docs/testing.md has what it takes in fact.
inline constexpr std::chrono::seconds kBootTime{300};
inline constexpr std::chrono::seconds kFallBackTime{600};  // a few failed boots, and one that works

// A message of the kernel: "[    3.050515] …". Only warnings reach the console.
bool is_kernel_message(std::string_view line);
vm::Pattern kernel_message();

// A credential as fw_cfg hands it in (systemd.system-credentials(7)), if it has a value and QEMU takes a name as long.
void add_credential(std::vector<vm::FirmwareFile>& files, const std::string& name, const std::string& value);

struct NodeOptions {
  vm::DiskBus bus = vm::DiskBus::virtio_blk;
  bool read_only = false;  // the disk
  sys::Path faults{};      // of the disk (vm::Disk)
  vm::OnReset on_reset = vm::OnReset::reset;
  bool tpm = false;
  std::string user_data{};                         // handed in by fw_cfg
  std::optional<sys::Path> second_disk{};          // read only
  std::optional<vm::DiskBus> second_bus{};         // of it; nothing: as `bus`
  std::uint16_t api_port = 0;                      // of the host: where the node's API port is reached; 0: nowhere
  vm::Network network{.restricted = true};         // a forward for api_port is added
  std::string vendor{};                            // of the machine, in its SMBIOS tables
  std::vector<vm::FirmwareFile> firmware_files{};  // more of fw_cfg
  std::vector<std::string> oem_strings{};          // in the same tables: what systemd-stub and systemd would obey
  // Emulated machines count instructions, unless something outside takes part whose time does not stand still for them.
  bool outside_time = false;
};

// The machine of a node, without its disks and its firmware.
vm::MachineSpec node_machine(const NodeOptions& options);
// The console's log goes into the log directory.
vm::StartOptions node_start_options(const std::string& name);

class Node {
 public:
  // Switches a machine on. `name` names its console's log in the log directory, which is kept (docs/testing.md).
  Node(const ScratchDisk& disk, const std::string& name, const NodeOptions& options = {});
  // One that runs already.
  explicit Node(vm::Machine machine) : machine_(std::move(machine)) {}

  vm::Machine& machine() { return machine_; }
  const vm::SerialLog& console() const { return machine_.serial().log(); }

  // The next state line with this state, whatever comes before it.
  node_state::StatusLine wait_for_state(node_state::State state, std::chrono::seconds limit = kBootTime);
  // The same for "ready"; a degraded node ends the wait with a failure.
  node_state::StatusLine wait_until_ready(std::chrono::seconds limit = kBootTime);
  // Presses the power button and waits until the node has shut down.
  void shut_down();
  // True when the console showed a state line with this state, ever; of this slot, when one is given.
  bool showed_state(node_state::State state, const std::string& slot = {}) const;

 private:
  node_state::StatusLine next_state(vm::Deadline deadline);

  vm::Machine machine_;
};

}  // namespace bulkhead::testing
