// An initrd read back from its bytes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::initrd {

struct InitrdFile {
  std::string path;  // "init", "modules/erofs.ko"
  std::string content;

  bool operator==(const InitrdFile&) const = default;
};

// The regular files of a newc cpio archive, compressed with zstd, as build() writes it; sorted by path. Links and
// devices are left out. Limits: 10000 entries, 512 MiB of content. Errors: data_loss, also for a path that is there
// twice.
Result<std::vector<InitrdFile>> read_archive(std::span<const std::byte> bytes);

}  // namespace bulkhead::initrd
