// The unified kernel image of a slot. ukify and osslsigncode are run here and nowhere else.
#pragma once

#include <string>

#include "lib/base/version.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::uki {

struct UkiInputs {
  rootfs::Content kernel;
  rootfs::Content stub;
  sys::Path initrd;
  std::string command_line;
  std::string os_release;
  std::string kernel_release;
  std::int64_t epoch = 0;  // time in the signature
};

Result<std::string> tool_versions();  // "ukify 257.13, osslsigncode 2.9"

// Writes the signed UKI to `output`. Deterministic.
Result<> build(const UkiInputs& inputs, const keys::KeySet& keys, const sys::Path& output);

// "bulkhead_0.1.0+3.efi": a new UKI has three tries (systemd-boot, Automatic Boot Assessment).
std::string file_name(const Version& version, int tries);

}  // namespace bulkhead::uki
