#include "node/file-system/links.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

#include "lib/base/text.hpp"

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

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// Nothing when there is no such directory.
Result<std::optional<sys::UniqueFd>> open_directory(int parent, const char* name) {
  sys::UniqueFd directory(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory) return std::optional(std::move(directory));
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return fail_errno("opening {}", name);
}

class Cleaner {
 public:
  // `directory` is `levels` deep in a place of the node; `path` is its name below the root, empty or with a slash at
  // its end.
  Result<> clear(sys::UniqueFd directory, const std::string& path, unsigned levels) {
    const int fd = directory.get();
    const std::unique_ptr<DIR, CloseDirectory> entries(::fdopendir(fd));
    if (!entries) return fail_errno("reading {}", shown(path));
    static_cast<void>(directory.release());  // closed with `entries`
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());  // NOLINT(concurrency-mt-unsafe): a stream of our own
      if (entry == nullptr) break;
      const std::string name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") TRY(look_at(fd, name, path, levels));
    }
    if (errno != 0) return fail_errno("reading {}", shown(path));
    return {};
  }

  RemovedLinks take_removed() { return std::move(removed_); }

 private:
  static std::string shown(const std::string& path) { return path.empty() ? "the root directory" : path; }

  Result<> look_at(int directory, const std::string& name, const std::string& path, unsigned levels) {
    struct stat status{};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
      return fail_errno("looking at {}{}", path, name);
    if (S_ISDIR(status.st_mode) && levels > 1) {
      auto deeper = TRY(open_directory(directory, name.c_str()));
      if (deeper) TRY(clear(*std::move(deeper), path + name + '/', levels - 1));
    }
    if (!S_ISLNK(status.st_mode) || is_expected(directory, name, path)) return {};
    if (removed_.count == kMostLinks)
      return fail(ErrorCode::failed_precondition, "there are more than {} symbolic links where none belongs",
                  kMostLinks);
    if (::unlinkat(directory, name.c_str(), 0) < 0) return fail_errno("removing the link {}{}", path, name);
    if (++removed_.count <= kNamedLinks) removed_.first.push_back(path + name);
    return {};
  }

  // Of tmpfiles.d/var.conf.
  static bool is_expected(int directory, const std::string& name, const std::string& path) {
    if (!path.empty() || name != "run") return false;
    std::array<char, 16> target{};
    const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    return size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == "../run";
  }

  RemovedLinks removed_{};
};

// Name by name, so that no link on the way is followed.
Result<std::optional<sys::UniqueFd>> open_place(int root, std::string_view path) {
  auto directory = TRY(open_directory(root, "."));
  for (const std::string_view name : split(path, '/')) {
    if (!directory || name.empty()) break;
    directory = TRY(open_directory(directory->get(), std::string(name).c_str()));
  }
  return directory;
}

}  // namespace

Result<RemovedLinks> remove_links(int root) {
  Cleaner cleaner;
  // From the top: a place is reached through directories that are no links any more.
  for (const Place& place : kPlaces) {
    auto directory = TRY(open_place(root, place.path));
    const std::string path = place.path;
    if (directory) TRY(cleaner.clear(*std::move(directory), path.empty() ? path : path + '/', place.levels));
  }
  return cleaner.take_removed();
}

}  // namespace bulkhead::file_system
