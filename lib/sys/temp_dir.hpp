// A directory that disappears with its owner, with everything in it.
#pragma once

#include "lib/sys/file.hpp"

namespace bulkhead::sys {

class TempDir {
 public:
  // A new directory with mode 0700 below `parent`, named "<prefix>XXXXXX".
  static Result<TempDir> create(const Path& parent, const std::string& prefix);
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();

  const Path& path() const { return path_; }
  // Renames the directory into place and gives up ownership. `target` must not exist, or be an empty directory.
  Result<> commit(const Path& target);

 private:
  explicit TempDir(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace bulkhead::sys
