// The initrd's part of the kernel command line.
//
// The command line is part of the signed UKI, but is parsed as strictly as untrusted input.
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

// Words are separated by blanks; a value may be in double quotes. Unknown words are ignored. Of several words with one
// name the last one is used, as in the kernel. Errors: invalid_argument, naming the word.
Result<BootRequest> parse_command_line(std::string_view text);

// How long a failure stays on the console before the machine restarts: the value of panic=, 10 s when it is missing or
// wrong, nothing when it is negative. Never fails, because every other failure needs it.
std::chrono::seconds restart_delay(std::string_view command_line);

}  // namespace bulkhead::init
