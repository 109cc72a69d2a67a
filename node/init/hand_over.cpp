#include "node/init/hand_over.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

namespace bulkhead::init {
namespace {

constexpr const char* kSystemd = "/usr/lib/systemd/systemd";

// Frees the memory of the initramfs: removes everything below `directory` that is on the file system `device`. Other
// file systems are not entered. A file that cannot be removed only costs memory.
void empty_directory(sys::UniqueFd directory, dev_t device) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
  if (!stream) return;
  const int fd = directory.release();
  while (const dirent* entry =
             ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): this stream belongs to this thread
    const std::string_view name = entry->d_name;
    struct stat info{};
    if (name == "." || name == ".." || ::fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
        info.st_dev != device)
      continue;
    if (S_ISDIR(info.st_mode)) {
      empty_directory(sys::UniqueFd(::openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)),
                      device);
      ::unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    } else {
      ::unlinkat(fd, entry->d_name, 0);
    }
  }
}

}  // namespace

Result<> hand_over(const sys::Path& root) {
  sys::UniqueFd old_root = TRY(sys::open_file("/", O_RDONLY | O_DIRECTORY));
  struct stat old_info{};
  if (::fstat(old_root.get(), &old_info) < 0) return fail_errno("looking at the initramfs");
  for (const char* name : {"dev", "proc", "sys", "run"}) {
    if (::mount((sys::Path("/") / name).c_str(), (root / name).c_str(), nullptr, MS_MOVE, nullptr) < 0)
      return fail_errno("moving /{}", name);
  }
  // The initramfs cannot be unmounted or pivoted away: the new root is moved over it (Documentation/filesystems/
  // ramfs-rootfs-initramfs.rst).
  if (::chdir(root.c_str()) < 0) return fail_errno("entering the root file system");
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0) return fail_errno("moving the root file system");
  if (::chroot(".") < 0 || ::chdir("/") < 0) return fail_errno("changing the root directory");
  empty_directory(std::move(old_root), old_info.st_dev);

  std::string program = kSystemd;
  std::string terminal = "TERM=linux";  // as the kernel sets it for its init
  const std::array<char*, 2> arguments = {program.data(), nullptr};
  const std::array<char*, 2> environment = {terminal.data(), nullptr};
  ::execve(kSystemd, arguments.data(), environment.data());
  return fail_errno("starting {}", kSystemd);
}

}  // namespace bulkhead::init
