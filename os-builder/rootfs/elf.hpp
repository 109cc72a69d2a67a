// What an ELF program or library needs from the file system at run time, read by libelf from memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/base/result.hpp"

namespace bulkhead::rootfs {

// One library that is loaded on demand, from the .note.dlopen section (systemd's "ELF dlopen metadata" specification).
struct DlopenNote {
  std::string feature;
  std::string priority;              // "required", "recommended", "suggested"
  std::vector<std::string> sonames;  // any one of them

  bool operator==(const DlopenNote&) const = default;
};

struct ElfInfo {
  bool loadable = false;  // a program or shared object; false for object files such as kernel modules
  std::string interpreter;
  std::string soname;
  std::vector<std::string> needed;
  std::vector<std::string> run_path;  // DT_RUNPATH, else DT_RPATH; $ORIGIN not replaced
  std::vector<DlopenNote> dlopen;

  bool operator==(const ElfInfo&) const = default;
};

bool is_elf(std::span<const std::byte> bytes);

// Any bytes; at most 1000 dynamic entries and notes count. Errors: data_loss for a damaged file, invalid_argument for a
// machine other than x86-64.
Result<ElfInfo> read_elf(std::span<const std::byte> bytes);

}  // namespace bulkhead::rootfs
