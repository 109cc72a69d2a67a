// Reads what explain() needs from a running node.
#pragma once

#include "lib/slots/running_slot.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::slots {

// Where to look; tests use a folder of their own.
struct Sources {
  sys::Path sysfs = "/sys";  // dev/block/<root>/slaves/*/partition, firmware/efi/efivars
  sys::Path os_release = "/usr/lib/os-release";
  sys::Path root = "/";  // the file system whose device is asked for
};

// Missing or damaged files count as absent, except os-release, which is part of the verified image.
Result<Evidence> read_evidence(const Sources& sources);

// The value of NAME= in an os-release(5) text, without quotes; empty when missing.
std::string os_release_value(std::string_view text, std::string_view name);

}  // namespace bulkhead::slots
