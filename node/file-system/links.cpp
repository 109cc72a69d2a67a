#include "node/file-system/links.hpp"

#include <unistd.h>

#include <array>

namespace bulkhead::file_system {
namespace {

// How many levels of a directory belong to programs of the node.
struct Place {
  const char* path;
  unsigned levels;
};

constexpr std::array kPlaces = {
    Place{.path = "", .levels = 1},
    Place{.path = "lib", .levels = 1},
    Place{.path = "log", .levels = 1},
    Place{.path = "cache", .levels = 1},
    Place{.path = "lib/systemd", .levels = 3},
    Place{.path = "log/journal", .levels = 2},
    Place{.path = "lib/cni", .levels = 3},
    // Down to io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs, whose content is a layer.
    Place{.path = "lib/containerd", .levels = 4},
};

// Of tmpfiles.d/var.conf.
bool is_expected(const sys::Path& link, const sys::Path& root) {
  std::error_code none;
  return link == root / "run" && std::filesystem::read_symlink(link, none) == "../run";
}

Result<> clear(const sys::Path& directory, const sys::Path& root, unsigned levels, std::vector<sys::Path>& removed) {
  std::error_code reason;
  std::vector<sys::Path> deeper;
  for (std::filesystem::directory_iterator entry(directory, reason), end; !reason && entry != end;
       entry.increment(reason)) {
    std::error_code none;
    if (levels > 1 && !entry->is_symlink(none) && entry->is_directory(none)) deeper.push_back(entry->path());
    if (!entry->is_symlink(none) || is_expected(entry->path(), root)) continue;
    if (::unlink(entry->path().c_str()) < 0) return fail_errno("removing the link {}", entry->path().native());
    removed.push_back(entry->path());
  }
  for (const sys::Path& each : deeper) TRY(clear(each, root, levels - 1, removed));
  return {};
}

}  // namespace

Result<std::vector<sys::Path>> remove_links(const sys::Path& root) {
  std::vector<sys::Path> removed;
  // From the top: a place is reached through directories that are no links any more.
  for (const Place& place : kPlaces) TRY(clear(root / place.path, root, place.levels, removed));
  return removed;
}

}  // namespace bulkhead::file_system
