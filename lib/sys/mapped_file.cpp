#include "lib/sys/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace bulkhead::sys {

Result<MappedFile> MappedFile::open(const Path& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY));
  struct stat info{};
  if (::fstat(fd.get(), &info) < 0) return fail_errno("looking at {}", path.native());
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::invalid_argument, "{} is not a regular file", path.native());
  if (info.st_size == 0) return MappedFile({});
  const auto size = static_cast<std::size_t>(info.st_size);
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), 0);
  if (start == MAP_FAILED) return fail_errno("mapping {}", path.native());
  return MappedFile(std::span(static_cast<std::byte*>(start), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace bulkhead::sys
