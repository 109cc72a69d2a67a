// The initrd's part of the kernel command line.
//
// The builder leaves the command line in the initrd, which is signed. The kernel's may be longer: systemd-stub appends
// what the machine's SMBIOS strings and add-ons say (systemd-stub(7)), which nobody has signed. So what decides about
// the boot is read from the initrd's, and the kernel's must be the same but for a few harmless words.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/hex.hpp"
#include "node/init/partition.hpp"

namespace bulkhead::init {

struct BootRequest {
  Sha256 root_hash;                         // roothash=
  PartitionName data;                       // systemd.verity_root_data=, else PARTUUID = first half of the root hash
  PartitionName hash;                       // systemd.verity_root_hash=, else PARTUUID = last half of the root hash
  bool signature_required = false;          // dm_verity.require_signatures=1
  std::chrono::seconds device_timeout{60};  // rootwait=, as the kernel spells it

  bool operator==(const BootRequest&) const = default;
};

// Where the builder leaves it in the initrd.
inline constexpr std::string_view kSignedCommandLine = "/command-line";

// Words are separated by blanks; a value may be in double quotes. Unknown words are ignored. Errors: invalid_argument,
// naming the word; one of ours that is there twice, too.
Result<BootRequest> parse_command_line(std::string_view text);

// Whether the kernel was started with the signed words, in their order, and nothing after them but words of a list
// (docs/formats/disk.md), each once. Errors: permission_denied, naming the word.
Result<> check_command_line(std::string_view kernel, std::string_view signed_line);

// "require_signatures=1" of "dm_verity.require_signatures=1 quiet": what finit_module(2) wants for a module, as the
// kernel does for built-in ones.
std::string module_parameters(std::string_view command_line, std::string_view module);

// How long a failure stays on the console before the machine restarts: the value of panic=, 10 s when it is missing or
// wrong, nothing when it is negative. Never fails, because every other failure needs it.
std::chrono::seconds restart_delay(std::string_view command_line);

}  // namespace bulkhead::init
