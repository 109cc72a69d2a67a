// The bytes of a file in memory, without reading them before they are looked at.
#pragma once

#include <span>

#include "lib/sys/file.hpp"

namespace bulkhead::sys {

// A private copy-on-write mapping of a whole regular file; unmapped by the destructor. An empty file gives an empty
// span. The file must not shrink while it is mapped.
class MappedFile {
 public:
  static Result<MappedFile> open(const Path& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace bulkhead::sys
