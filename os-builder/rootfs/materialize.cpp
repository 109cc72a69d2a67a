// tree.hpp, materialize(): the part of a tree that a tool needs, as real files.
#include <fcntl.h>
#include <unistd.h>

#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::rootfs {
namespace {

Result<> write_content(const Content& content, const sys::Path& path, mode_t mode) {
  const ContentView view = TRY(ContentView::open(content));
  sys::UniqueFd fd = TRY(sys::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  TRY_CTX(sys::write_all(fd.get(), view.bytes()), "writing {}", path.native());
  return fd.close();
}

}  // namespace

Result<> materialize(const Tree& tree, const sys::Path& target,
                     const std::function<bool(std::string_view path)>& wanted) {
  for (const auto& [path, entry] : tree.entries()) {
    if (path == "/" || !wanted(path)) continue;
    const sys::Path real = target.native() + path;
    TRY(sys::create_directories(entry.is_directory() ? real : real.parent_path()));
    if (const Content* const content = entry.content()) {
      TRY(write_content(*content, real, (entry.mode & 0111U) != 0 ? 0755 : 0644));
    } else if (const Symlink* const link = entry.symlink()) {
      if (::symlink(link->target.c_str(), real.c_str()) < 0) return fail_errno("linking {}", real.native());
    }
  }
  return {};
}

}  // namespace bulkhead::rootfs
