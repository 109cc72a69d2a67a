// The initrd: our static init, the modules it needs in loading order, the command line, nothing else. A zstd-compressed
// newc cpio.
#pragma once

#include "os-builder/rootfs/tree.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::initrd {

struct InitrdInputs {
  rootfs::Content init;                   // node/init, a static program
  const rootfs::Tree* modules = nullptr;  // ComposedRoot::modules; not owned
  std::string kernel_release;
  std::vector<std::string> wanted;  // module names, without their dependencies
  std::string command_line;         // the UKI's, which init holds the kernel's against
  std::int64_t epoch = 0;

  static constexpr std::tuple kFields = {stage::Field{"init", &InitrdInputs::init},
                                         stage::Field{"modules", &InitrdInputs::modules},
                                         stage::Field{"kernel release", &InitrdInputs::kernel_release},
                                         stage::Field{"wanted", &InitrdInputs::wanted},
                                         stage::Field{"command line", &InitrdInputs::command_line},
                                         stage::Field{"epoch", &InitrdInputs::epoch}};
};

// Writes the archive to `output`. Errors: a wanted module that is neither a file nor built in (invalid_argument, with
// the nearest name).
Result<> build(const InitrdInputs& inputs, const sys::Path& output);

}  // namespace bulkhead::initrd
