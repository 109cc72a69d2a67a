#include "node/init/etc.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "lib/base/text.hpp"
#include "node/init/kernel.hpp"

namespace bulkhead::init {
namespace {

constexpr int kDeepest = 16;

Result<> copy_directory(int from, int to, int depth);

Result<sys::UniqueFd> open_below(int directory, const char* name, int flags, mode_t mode = 0) {
  sys::UniqueFd fd(::openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno("opening {}", name);
  return fd;
}

Result<> copy_xattrs(int from, int to) {
  std::array<char, 4096> names{};
  const ssize_t length = ::flistxattr(from, names.data(), names.size());
  if (length < 0) return errno == EOPNOTSUPP ? Result<>{} : fail_errno("listing extended attributes");
  for (const std::string_view listed : split({names.data(), static_cast<std::size_t>(length)}, '\0')) {
    if (listed.empty()) continue;
    const std::string name(listed);
    std::array<char, 4096> value{};
    const ssize_t size = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    if (size < 0) return fail_errno("reading attribute {}", name);
    if (::fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(size), 0) < 0)
      return fail_errno("setting attribute {}", name);
  }
  return {};
}

// Owner first, because changing it clears set-id bits.
Result<> copy_metadata(int from, int to, const struct stat& info) {
  if (::fchown(to, info.st_uid, info.st_gid) < 0) return fail_errno("setting the owner");
  if (::fchmod(to, info.st_mode & 07777U) < 0) return fail_errno("setting the mode");
  TRY(copy_xattrs(from, to));
  const std::array<timespec, 2> times = {info.st_atim, info.st_mtim};
  if (::futimens(to, times.data()) < 0) return fail_errno("setting the time");
  return {};
}

Result<> copy_file(int from_directory, int to_directory, const char* name, const struct stat& info) {
  const sys::UniqueFd from = TRY(open_below(from_directory, name, O_RDONLY));
  const sys::UniqueFd to = TRY(open_below(to_directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t count = ::sendfile(to.get(), from.get(), nullptr, static_cast<std::size_t>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("copying {}", name);
    if (count == 0) return fail(ErrorCode::data_loss, "{} is shorter than {} bytes", name, info.st_size);
    left -= count;
  }
  TRY_CTX(copy_metadata(from.get(), to.get(), info), "{}", name);
  return {};
}

Result<> copy_symlink(int from_directory, int to_directory, const char* name, const struct stat& info) {
  std::array<char, 4096> target{};
  const ssize_t length = ::readlinkat(from_directory, name, target.data(), target.size() - 1);
  if (length < 0) return fail_errno("reading symlink {}", name);
  if (::symlinkat(target.data(), to_directory, name) < 0) return fail_errno("creating symlink {}", name);
  if (::fchownat(to_directory, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
    return fail_errno("setting the owner of {}", name);
  return {};
}

Result<> copy_entry(int from_directory, int to_directory, const char* name, int depth) {
  struct stat info{};
  if (::fstatat(from_directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno("looking at {}", name);
  if (S_ISREG(info.st_mode)) return copy_file(from_directory, to_directory, name, info);
  if (S_ISLNK(info.st_mode)) return copy_symlink(from_directory, to_directory, name, info);
  if (!S_ISDIR(info.st_mode))
    return fail(ErrorCode::invalid_argument, "{} is neither a file, a directory nor a symlink", name);
  if (::mkdirat(to_directory, name, 0700) < 0) return fail_errno("creating directory {}", name);
  const sys::UniqueFd from = TRY(open_below(from_directory, name, O_RDONLY | O_DIRECTORY));
  const sys::UniqueFd to = TRY(open_below(to_directory, name, O_RDONLY | O_DIRECTORY));
  TRY_CTX(copy_directory(from.get(), to.get(), depth + 1), "{}", name);
  TRY_CTX(copy_metadata(from.get(), to.get(), info), "{}", name);
  return {};
}

Result<> copy_directory(int from, int to, int depth) {
  if (depth > kDeepest) return fail(ErrorCode::invalid_argument, "directories nested deeper than {}", kDeepest);
  sys::UniqueFd copy(::fcntl(from, F_DUPFD_CLOEXEC, 3));
  if (!copy) return fail_errno("duplicating a descriptor");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
  if (!stream) return fail_errno("reading a directory");
  copy.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): this stream belongs to this thread
    if (entry == nullptr) return errno == 0 ? Result<>{} : fail_errno("reading a directory");
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") TRY(copy_entry(from, to, entry->d_name, depth));
  }
}

}  // namespace

Result<> prepare_etc(const sys::Path& root) {
  const sys::UniqueFd from = TRY(sys::open_file(root / "usr/share/factory/etc", O_RDONLY | O_DIRECTORY));
  TRY(mount_at("tmpfs", root / "etc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=16m,nr_inodes=8k"));
  const sys::UniqueFd to = TRY(sys::open_file(root / "etc", O_RDONLY | O_DIRECTORY));
  TRY_CTX(copy_directory(from.get(), to.get(), 0), "filling /etc");
  return {};
}

}  // namespace bulkhead::init
