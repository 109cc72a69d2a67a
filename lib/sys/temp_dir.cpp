#include "lib/sys/temp_dir.hpp"

#include <stdlib.h>

namespace bulkhead::sys {

Result<TempDir> TempDir::create(const Path& parent, const std::string& prefix) {
  TRY(sys::create_directories(parent));
  std::string name = (parent / (prefix + "XXXXXX")).native();
  if (::mkdtemp(name.data()) == nullptr) return fail_errno("creating a directory below {}", parent.native());
  return TempDir(std::move(name));
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;  // nothing to be done about it in a destructor
  std::filesystem::remove_all(path_, ignored);
}

Result<> TempDir::commit(const Path& target) {
  TRY(sys::rename(path_, target));
  path_.clear();
  return {};
}

}  // namespace bulkhead::sys
