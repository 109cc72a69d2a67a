#include "node/user-data/untrusted_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::collect {
namespace {

constexpr unsigned kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;

}  // namespace

Result<std::optional<std::string>> read_below(int directory, const sys::Path& path, std::size_t limit) {
  open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const sys::UniqueFd file(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how))));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!file) return fail_errno("opening {}", path.native());
  return sys::read_file(file.get(), path, limit);
}

Result<std::optional<std::string>> read_plain(const sys::Path& path, std::size_t limit) {
  const auto file = sys::open_file(path, kFlags);
  if (!file && (file.error().sys_errno == ENOENT || file.error().sys_errno == ENOTDIR)) return std::nullopt;
  if (!file) return fail(file.error());
  return sys::read_file(file->get(), path, limit);
}

}  // namespace bulkhead::collect
