// /modules/load of the initrd: which modules to load, in which order, for which devices. os-builder/initrd writes
// it, node/init reads it.
//
//   dm_bufio dm_mod dm_verity
//   virtio_blk : virtio:d00000002v*
//
// One line for each thing that may be needed: modules in loading order; behind a colon the patterns of the devices that
// need them (as in modules.alias). Without patterns they are always needed. A module costs a signature check, so none
// is loaded for a device that is not there.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::module_list {

struct LoadStep {
  std::vector<std::string> modules;
  std::vector<std::string> patterns;

  bool operator==(const LoadStep&) const = default;
};

// A line for each step, in order; parse() gives the same steps back.
std::string to_text(std::span<const LoadStep> steps);

// Errors: invalid_argument for a name that is not a module's.
Result<std::vector<LoadStep>> parse(std::string_view text);

// Whether a device with this modalias needs the step.
bool drives(const LoadStep& step, std::string_view modalias);

}  // namespace bulkhead::module_list
