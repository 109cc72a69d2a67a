// The initrd: our static init, the modules it needs in loading order, nothing else. A zstd-compressed newc cpio.
#pragma once

#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::initrd {

struct InitrdInputs {
  sys::Path init;               // the staged static program
  const rootfs::Tree* modules;  // ComposedRoot::modules; not owned
  std::string kernel_release;
  std::vector<std::string> wanted;  // module names, without their dependencies
  std::int64_t epoch = 0;
};

// Writes the archive to `output`. Errors: a wanted module that is neither a file nor built in (invalid_argument, with
// the nearest name).
Result<> build(const InitrdInputs& inputs, const sys::Path& output);

}  // namespace bulkhead::initrd
