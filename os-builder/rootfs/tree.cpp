#include "os-builder/rootfs/tree.hpp"

#include <algorithm>

#include "lib/crypto/sha256.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr int kMaxSymlinks = 40;  // as Linux does

Result<> check_path(std::string_view path) {
  const bool normal = path.starts_with('/') && (path.size() == 1 || !path.ends_with('/')) &&
                      path.find('\0') == std::string_view::npos && path.find("//") == std::string_view::npos;
  if (!normal) return fail(ErrorCode::invalid_argument, "'{}' is not an absolute, normalized path", path);
  for (const std::string_view part : split(path.substr(1), '/')) {
    if (part == "." || part == "..")
      return fail(ErrorCode::invalid_argument, "'{}' is not an absolute, normalized path", path);
  }
  return {};
}

// Files of the layer store lie in the build's cache from one build to the next.
Result<> check_content(const Content& content, std::span<const std::byte> bytes) {
  if (bytes.size() == content.size && crypto::sha256(as_text(bytes)) == content.sha256) return {};
  return fail(error(ErrorCode::data_loss, "{} was changed in the cache: its SHA-256 should be {}",
                    std::get<sys::Path>(content.source).native(), content.sha256.to_string())
                  .with_hint("remove its directory and build again"));
}

// "/a/b/" for "/a/b": what the paths below a directory start with.
std::string below(std::string_view path) { return path == "/" ? "/" : std::string(path) + "/"; }

}  // namespace

std::string_view parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Content Content::of(std::string bytes) {
  const Sha256 digest = crypto::sha256(bytes);
  const std::uint64_t size = bytes.size();
  return Content{.source = std::move(bytes), .size = size, .sha256 = digest};
}

Result<std::string> Content::read() const {
  if (const auto* bytes = std::get_if<std::string>(&source)) return *bytes;
  std::string bytes = TRY(sys::read_file(std::get<sys::Path>(source), size));
  TRY(check_content(*this, as_bytes(bytes)));
  return bytes;
}

Result<sys::Path> as_file(const Content& content, const sys::Path& path) {
  if (const auto* file = std::get_if<sys::Path>(&content.source)) {
    TRY(ContentView::open(content));  // checks it
    return *file;
  }
  TRY(sys::write_file_atomically(path, std::get<std::string>(content.source)));
  return path;
}

Result<ContentView> ContentView::open(const Content& content) {
  if (const auto* bytes = std::get_if<std::string>(&content.source)) return ContentView(as_bytes(*bytes), std::nullopt);
  sys::MappedFile file = TRY(sys::MappedFile::open(std::get<sys::Path>(content.source)));
  const auto bytes = file.bytes();
  TRY(check_content(content, bytes));
  return ContentView(bytes, std::move(file));
}

Tree::Tree() { entries_.emplace("/", Entry{.node = Directory{}, .xattrs = {}, .origin = "build"}); }

Result<> Tree::put(std::string path, Entry entry) {
  TRY(check_path(path));
  const auto found = entries_.find(path);
  if (found != entries_.end()) {
    if (found->second.is_directory() && !entry.is_directory() && has_entries(path)) {
      return fail(ErrorCode::failed_precondition,
                  "{}: a directory with entries ({}) would be replaced by something else ({})", path,
                  found->second.origin, entry.origin);
    }
    found->second = std::move(entry);
    return {};
  }
  for (std::string_view parent = parent_path(path);; parent = parent_path(parent)) {
    const auto above = entries_.find(parent);
    if (above == entries_.end()) {
      entries_.emplace(std::string(parent), Entry{.node = Directory{}, .xattrs = {}, .origin = entry.origin});
      continue;
    }
    if (above->second.is_directory()) break;
    return fail(ErrorCode::failed_precondition, "{} ({}): {} is not a directory ({})", path, entry.origin, parent,
                above->second.origin);
  }
  entries_.emplace(std::move(path), std::move(entry));
  return {};
}

Result<> Tree::put_file(std::string path, std::string bytes, mode_t mode, std::string origin) {
  return put(std::move(path),
             Entry{.node = Content::of(std::move(bytes)), .mode = mode, .xattrs = {}, .origin = std::move(origin)});
}

Result<> Tree::put_symlink(std::string path, std::string target, std::string origin) {
  return put(std::move(path),
             Entry{.node = Symlink{std::move(target)}, .mode = 0777, .xattrs = {}, .origin = std::move(origin)});
}

std::size_t Tree::remove(std::string_view path) {
  if (path == "/") return 0;
  std::size_t removed = 0;
  if (const auto found = entries_.find(path); found != entries_.end()) {
    entries_.erase(found);
    ++removed;
  }
  const std::string prefix = below(path);
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix);) {
    at = entries_.erase(at);
    ++removed;
  }
  return removed;
}

const Entry* Tree::find(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry* Tree::find(std::string_view path) {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string Tree::resolve(std::string_view path) const {
  std::vector<std::string> pending;  // parts still to walk, last first
  const auto push = [&pending](std::string_view text) {
    const auto parts = split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (!part->empty() && *part != ".") pending.emplace_back(*part);
    }
  };
  push(path);
  std::string at = "/";
  for (int symlinks = 0; !pending.empty();) {
    const std::string part = std::move(pending.back());
    pending.pop_back();
    if (part == "..") {
      at = parent_path(at);
      continue;
    }
    const std::string next = below(at) + part;
    const Entry* const entry = find(next);
    if (entry == nullptr) return {};
    if (const Symlink* const link = entry->symlink()) {
      if (++symlinks > kMaxSymlinks) return {};
      if (link->target.starts_with('/')) at = "/";
      push(link->target);
    } else {
      if (!entry->is_directory() && !pending.empty()) return {};
      at = next;
    }
  }
  return at;
}

// The entry after "/a" need not be "/a/b": "/a.d" sorts between them.
bool Tree::has_entries(std::string_view path) const {
  const std::string prefix = below(path);
  const auto next = path == "/" ? std::next(entries_.begin()) : entries_.lower_bound(prefix);
  return next != entries_.end() && next->first.starts_with(prefix);
}

std::ranges::subrange<Tree::Entries::const_iterator> Tree::below_directory(std::string_view path) const {
  const std::string prefix = below(path);
  auto first = path == "/" ? std::next(entries_.begin()) : entries_.lower_bound(prefix);
  auto last = first;
  while (last != entries_.end() && last->first.starts_with(prefix)) ++last;
  return {first, last};
}

Sha256 Tree::digest() const {
  crypto::Sha256Stream stream;
  const auto field = [&stream](std::string_view text) { stream.update(std::format("{}:", text.size())).update(text); };
  for (const auto& [path, entry] : entries_) {
    field(path);
    stream.update(std::format("{:o} {} {} ", entry.mode, entry.uid, entry.gid));
    for (const auto& [name, value] : entry.xattrs) {
      field(name);
      field(value);
    }
    if (entry.is_directory()) field("directory");
    if (const Content* const content = entry.content()) field("file " + content->sha256.to_string());
    if (const Symlink* const link = entry.symlink()) field("symlink " + link->target);
  }
  return stream.finish();
}

}  // namespace bulkhead::rootfs
