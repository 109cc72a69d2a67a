// A machine as it was at one moment of its running, in a directory: its memory, its disks, its firmware's variables.
// Machine::save() writes it; Machine::restore() starts any number of machines from it, each with a state of its own.
//
// The directory stands alone: it does not need the image that the machine was started from, may be moved, and is never
// changed by a machine. Limits: every disk has `snapshot`, and there is no TPM, whose state is kept by swtpm.
//
//   machine.json   what must be the same: QEMU's version, and what the guest can see of its machine
//   memory         QEMU's migration stream; not compressed, since unpacking takes longer than reading
//   disk0.qcow2    one per disk
//   variables.fd   with UEFI
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "lib/vm/machine_spec.hpp"

namespace bulkhead::vm {

// What a guest can see of its machine, as the command line with fixed names for everything of the host: paths,
// forwarded ports, and what a reset does. Two specs with the same answer can share a saved state. Errors: as
// command_line().
Result<std::vector<std::string>> seen_by_guest(MachineSpec spec);

struct SavedState {
  sys::Path directory;
  nlohmann::json qemu;  // the answer to query-version
  std::vector<std::string> machine;

  // Errors: not_found, data_loss for a directory that save() has not written.
  static Result<SavedState> open(const sys::Path& directory);
  Result<> write_record() const;

  sys::Path memory() const { return directory / "memory"; }
  sys::Path disk(std::size_t number) const;
  sys::Path variables() const { return directory / "variables.fd"; }

  // Errors: failed_precondition with the first difference.
  Result<> require_same_machine(const MachineSpec& spec) const;
};

}  // namespace bulkhead::vm
