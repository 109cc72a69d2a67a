// The root file system as a value: a sorted map from path to entry. Packages are read into it, rules and finishing
// steps are functions over it, and the EROFS builder consumes it as a tar stream. Nothing is ever unpacked with real
// owners and modes, so that a build needs no privileges and does not depend on umask, user or the host's file system.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/hex.hpp"
#include "lib/base/result.hpp"
#include "lib/base/text.hpp"
#include "lib/sys/mapped_file.hpp"

namespace bulkhead::rootfs {

// Content of a regular file: a file of the content store, or bytes made by a finishing step. Always with its digest.
struct Content {
  std::variant<sys::Path, std::string> source;
  std::uint64_t size = 0;
  Sha256 sha256;

  static Content of(std::string bytes);
  Result<std::string> read() const;  // whole content in memory
  const Sha256& digest() const { return sha256; }

  // Equal when the bytes are equal, wherever they are.
  bool operator==(const Content& other) const { return size == other.size && sha256 == other.sha256; }
};

// The content as a file, for tools that want one: its own when it is in a file already, else written to `path`.
Result<sys::Path> as_file(const Content& content, const sys::Path& path);

// The bytes of a Content, mapped when they are in a file. The Content must outlive it.
class ContentView {
 public:
  static Result<ContentView> open(const Content& content);
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  ContentView(std::span<const std::byte> bytes, std::optional<sys::MappedFile> file)
      : bytes_(bytes), file_(std::move(file)) {}
  std::span<const std::byte> bytes_;
  std::optional<sys::MappedFile> file_;
};

// "/usr" of "/usr/bin", "/" of "/usr"; "bin" of "/usr/bin".
std::string_view parent_path(std::string_view path);
std::string_view file_name(std::string_view path);

struct Directory {
  bool operator==(const Directory&) const = default;
};
struct Symlink {
  std::string target;
  bool operator==(const Symlink&) const = default;
};

struct Entry {
  std::variant<Directory, Content, Symlink> node;
  mode_t mode = 0755;  // permission bits, with setuid, setgid and sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::map<std::string, std::string> xattrs;  // name -> raw value
  std::string origin;                         // where it comes from: a package name, "overlay" or "build"

  bool is_directory() const { return std::holds_alternative<Directory>(node); }
  const Content* content() const { return std::get_if<Content>(&node); }
  const Symlink* symlink() const { return std::get_if<Symlink>(&node); }

  bool operator==(const Entry&) const = default;
};

// Paths are absolute, normalized ("/usr/bin/crun"), UTF-8 or any bytes but NUL; the root directory "/" is always there.
// Invariant: the parent of every entry is an entry and a directory.
class Tree {
 public:
  using Entries = std::map<std::string, Entry, std::less<>>;

  Tree();

  // Adds or replaces; missing parents are made as root-owned 0755 directories. Fails when a parent is not a directory,
  // or when a directory that has entries would become something else.
  Result<> put(std::string path, Entry entry);
  Result<> put_file(std::string path, std::string bytes, mode_t mode, std::string origin);
  Result<> put_symlink(std::string path, std::string target, std::string origin);
  // Removes the entry and everything below it. Returns how many entries went.
  std::size_t remove(std::string_view path);

  const Entry* find(std::string_view path) const;
  Entry* find(std::string_view path);
  // Follows symlinks inside the tree, also in the middle of the path, at most 40 of them. The returned path is where it
  // ended; empty when nothing is there.
  std::string resolve(std::string_view path) const;

  const Entries& entries() const { return entries_; }
  bool has_entries(std::string_view path) const;
  // Everything below a directory, at any depth, without itself.
  std::ranges::subrange<Entries::const_iterator> below_directory(std::string_view path) const;

  // Digest of everything that reaches the image: paths, types, modes, owners, xattrs, content digests.
  Sha256 digest() const;

  bool operator==(const Tree&) const = default;

 private:
  Entries entries_;
};

// Writes the tree as a POSIX pax tar stream in path order, all times equal `epoch`. Directories carry no trailing data;
// xattrs go into SCHILY.xattr records, as mkfs.erofs --tar reads them.
Result<> write_tar(const Tree& tree, std::int64_t epoch, int fd);

// Copies the entries that `wanted` accepts to a real directory, with plain modes and the caller as owner, for tools
// that insist on files (ldconfig, depmod). Symlinks are copied as they are, so only tools that stay below `target` may
// be run on it. `target` must exist and be empty.
Result<> materialize(const Tree& tree, const sys::Path& target,
                     const std::function<bool(std::string_view path)>& wanted);

}  // namespace bulkhead::rootfs
