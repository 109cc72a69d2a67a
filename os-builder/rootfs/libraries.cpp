#include <algorithm>
#include <set>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

std::string with_origin(std::string_view directory, std::string_view origin) {
  for (const std::string_view token : {"${ORIGIN}", "$ORIGIN"}) {
    if (directory.starts_with(token)) return std::string(origin) + std::string(directory.substr(token.size()));
  }
  return std::string(directory);
}

// Directories whose shared objects are found by name; plug-ins elsewhere are loaded by path and count as programs.
std::set<std::string, std::less<>> library_directories(const ElfFiles& files, const Tree& tree) {
  std::set<std::string, std::less<>> directories(std::begin(kLibraryDirs), std::end(kLibraryDirs));
  for (const auto& [path, info] : files) {
    for (const std::string& entry : info.run_path)
      directories.insert(tree.resolve(with_origin(entry, parent_path(path))));
  }
  directories.erase("");
  return directories;
}

bool is_library_name(std::string_view path) {
  const std::string_view name = file_name(path);
  return name.starts_with("lib") && name.find(".so") != std::string_view::npos;
}

// The path and the symlinks on the way to the file, all in one directory as a rule.
void mark(const Tree& tree, std::string path, std::set<std::string, std::less<>>& used) {
  while (used.insert(path).second) {
    const Entry* const entry = tree.find(path);
    const Symlink* const link = entry == nullptr ? nullptr : entry->symlink();
    if (link == nullptr) return;
    const std::string target =
        link->target.starts_with('/') ? link->target : std::format("{}/{}", parent_path(path), link->target);
    const std::string directory = tree.resolve(parent_path(target));
    path = std::format("{}/{}", directory == "/" ? "" : directory, file_name(target));
  }
}

}  // namespace

Result<ElfFiles> read_elf_files(const Tree& tree) {
  ElfFiles files;
  for (const auto& [path, entry] : tree.entries()) {
    const Content* const content = entry.content();
    if (content == nullptr || content->size == 0) continue;
    const ContentView view = TRY_CTX(ContentView::open(*content), "reading {}", path);
    if (!is_elf(view.bytes())) continue;
    ElfInfo info = TRY_CTX(read_elf(view.bytes()), "{} ({})", path, entry.origin);
    if (info.loadable) files.emplace(path, std::move(info));
  }
  return files;
}

std::string find_library(const Tree& tree, std::string_view user, const ElfInfo& info, std::string_view soname) {
  if (soname.starts_with('/')) return tree.find(tree.resolve(soname)) != nullptr ? std::string(soname) : std::string();
  std::vector<std::string> directories;
  for (const std::string& entry : info.run_path) directories.push_back(with_origin(entry, parent_path(user)));
  directories.insert(directories.end(), std::begin(kLibraryDirs), std::end(kLibraryDirs));
  // A private library without a run path of its own is found because its user has loaded the neighbour already.
  directories.emplace_back(parent_path(user));
  for (const std::string& directory : directories) {
    const std::string real = tree.resolve(directory);
    const std::string path = std::format("{}/{}", real, soname);
    if (!real.empty() && !tree.resolve(path).empty()) return path;
  }
  return {};
}

void remove_unneeded_libraries(const variant::Variant& variant, ElfFiles& files, Tree& tree) {
  const auto directories = library_directories(files, tree);
  const auto kept = [&](const std::string& path) { return std::ranges::contains(variant.keep_files, path); };
  const auto candidate = [&](const std::string& path) {
    return directories.contains(parent_path(path)) && is_library_name(path) && !kept(path);
  };

  std::set<std::string, std::less<>> used;
  std::vector<std::string> pending;
  for (const auto& [path, info] : files) {
    if (!candidate(path)) pending.push_back(path);
  }
  std::set<std::string, std::less<>> done;
  while (!pending.empty()) {
    const std::string path = std::move(pending.back());
    pending.pop_back();
    const auto found = files.find(path);
    if (found == files.end() || !done.insert(path).second) continue;
    const auto want = [&](const std::string& soname) {
      if (variant.absent_libraries.contains(soname)) return;
      const std::string library = find_library(tree, path, found->second, soname);
      if (library.empty()) return;  // check_tree() complains
      mark(tree, library, used);
      pending.push_back(tree.resolve(library));
    };
    for (const std::string& soname : found->second.needed) want(soname);
    for (const DlopenNote& note : found->second.dlopen) std::ranges::for_each(note.sonames, want);
    if (!found->second.interpreter.empty()) {
      mark(tree, tree.resolve(found->second.interpreter), used);
      pending.push_back(tree.resolve(found->second.interpreter));
    }
  }

  std::vector<std::string> unneeded;
  for (const std::string& directory : directories) {
    for (const auto& [path, entry] : tree.below_directory(directory)) {
      if (!entry.is_directory() && parent_path(path) == directory && candidate(path) && !used.contains(path)) {
        unneeded.push_back(path);
      }
    }
  }
  for (const std::string& path : unneeded) {
    tree.remove(path);
    files.erase(path);
  }
}

}  // namespace bulkhead::rootfs
