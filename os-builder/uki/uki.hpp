// The unified kernel image of a slot. ukify and osslsigncode are run here and nowhere else.
#pragma once

#include <string>

#include "os-builder/keys/key_set.hpp"
#include "os-builder/rootfs/tree.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::uki {

struct UkiInputs {
  rootfs::Content kernel;
  rootfs::Content stub;
  stage::Product initrd;
  std::string command_line;
  std::string os_release;
  std::string kernel_release;
  std::int64_t epoch = 0;  // time in the signature
  keys::KeyPair key;       // db: signs the UKI

  static constexpr std::tuple kFields = {
      stage::Field{"kernel", &UkiInputs::kernel},         stage::Field{"stub", &UkiInputs::stub},
      stage::Field{"initrd", &UkiInputs::initrd},         stage::Field{"command line", &UkiInputs::command_line},
      stage::Field{"os-release", &UkiInputs::os_release}, stage::Field{"kernel release", &UkiInputs::kernel_release},
      stage::Field{"epoch", &UkiInputs::epoch},           stage::Field{"key", &UkiInputs::key}};
};

Result<std::string> tool_versions();  // "ukify 257.13, osslsigncode 2.9"

// Writes the signed UKI to `output`. Deterministic.
Result<> build(const UkiInputs& inputs, const sys::Path& output);

}  // namespace bulkhead::uki
