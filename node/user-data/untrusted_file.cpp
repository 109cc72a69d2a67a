#include "node/user-data/untrusted_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::user_data {
namespace {

constexpr unsigned kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

Result<std::string> read_regular(const sys::UniqueFd& file, const sys::Path& path, std::size_t limit) {
  struct stat status{};
  if (::fstat(file.get(), &status) < 0) return fail_errno("looking at {}", path.native());
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::failed_precondition, "{} is not a regular file", path.native());
  // Not st_size: in sysfs it has no meaning.
  std::string content(limit + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count < 0) return fail_errno("reading {}", path.native());
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit) return fail(ErrorCode::failed_precondition, "{} is larger than {} bytes", path.native(), limit);
  content.resize(size);
  return content;
}

}  // namespace

Result<std::optional<std::string>> read_below(int directory, const sys::Path& path, std::size_t limit) {
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const sys::UniqueFd file(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how))));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file) return fail_errno("opening {}", path.native());
  return read_regular(file, path, limit);
}

Result<std::optional<std::string>> read_plain(const sys::Path& path, std::size_t limit) {
  const auto file = sys::open_file(path, kFlags);
  if (!file && (file.error().sys_errno == ENOENT || file.error().sys_errno == ENOTDIR)) return std::nullopt;
  if (!file) return fail(file.error());
  return read_regular(*file, path, limit);
}

}  // namespace bulkhead::user_data
