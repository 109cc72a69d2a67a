#include <sys/stat.h>

#include <algorithm>

#include "os-builder/rootfs/steps.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr std::string_view kMountPoints[] = {"/boot", "/dev", "/efi",   "/etc", "/mnt", "/opt",
                                             "/proc", "/run", "/state", "/sys", "/tmp", "/var"};

Result<Content> read_content(const sys::Path& path) {
  std::string bytes = TRY(sys::read_file(path, std::uint64_t{1} << 30U));
  return Content::of(std::move(bytes));
}

// Only the execute bit of a file of the checkout means something: git keeps no other.
Result<mode_t> mode_of(const sys::Path& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) < 0) return fail_errno("looking at {}", path.native());
  return (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644;
}

Result<> add_overlay(const sys::Path& directory, const std::string& name, Tree& tree) {
  std::vector<std::filesystem::path> files;
  std::error_code status;
  for (std::filesystem::recursive_directory_iterator at(directory, status), end; !status && at != end;
       at.increment(status)) {
    if (!at->is_directory(status) || at->is_symlink(status)) files.push_back(at->path());
  }
  if (status) return fail(errno_error(status.value(), "[files] overlays: listing '{}'", name));
  std::ranges::sort(files);
  for (const auto& file : files) {
    const std::string path = "/" + file.lexically_relative(directory).native();
    if (std::filesystem::is_symlink(file, status)) {
      TRY(tree.put_symlink(path, std::filesystem::read_symlink(file, status).native(), "overlay " + name));
    } else {
      Content content = TRY(read_content(file));
      const auto mode = TRY(mode_of(file));
      TRY(tree.put(path, Entry{.node = std::move(content), .mode = mode, .xattrs = {}, .origin = "overlay " + name}));
    }
    if (status) return fail(errno_error(status.value(), "reading {}", file.native()));
  }
  return {};
}

// os-release(5): a value in double quotes.
std::string os_release_value(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$' || c == '`') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// A link of /etc that ends in '/' points at a directory, which is made where no file has made it: the API server fills
// it on the node.
Result<> add_link_targets(Tree& tree) {
  std::vector<std::string> directories;
  for (const auto& [path, entry] : tree.below_directory("/etc")) {
    const Symlink* const link = entry.symlink();
    if (link == nullptr || !link->target.ends_with('/') || link->target.starts_with('/')) continue;
    std::string target = (sys::Path(parent_path(path)) / link->target).lexically_normal().native();
    while (target.ends_with('/')) target.pop_back();
    if (tree.find(target) == nullptr) directories.push_back(std::move(target));
  }
  for (std::string& directory : directories)
    TRY(tree.put(std::move(directory), Entry{.node = Directory{}, .mode = 0755, .xattrs = {}, .origin = "build"}));
  return {};
}

}  // namespace

Result<> add_overlays(const variant::Variant& variant, const sys::Path& overlay_dir, Tree& tree) {
  for (const std::string& name : variant.overlays) TRY(add_overlay(overlay_dir / name, name, tree));
  return {};
}

Result<> add_programs(const variant::Variant& variant, const sys::Path& programs_dir, Tree& tree) {
  for (const auto& [path, program] : variant.programs) {
    const sys::Path staged = programs_dir / program;
    if (!sys::exists(staged)) {
      return fail(
          error(ErrorCode::not_found, "[programs] {}: the build has no program '{}'", path, program)
              .with_hint("build Bulkhead's programs first: cmake --build --preset release --target node-programs"));
    }
    Content content = TRY(read_content(staged));
    TRY(tree.put(path, Entry{.node = std::move(content), .mode = 0755, .xattrs = {}, .origin = "bulkhead"}));
  }
  for (const auto& [path, target] : variant.symlinks) TRY_CTX(tree.put_symlink(path, target, "variant"), "[symlinks]");
  return {};
}

std::string os_release_text(const variant::Variant& variant, const ImageIdentity& identity) {
  const std::string id = lower(variant.product);
  const std::string version = variant.version.to_string();
  return std::format(
      "ID={}\nNAME={}\nPRETTY_NAME={}\nVARIANT={}\nVARIANT_ID={}\nVERSION={}\nVERSION_ID={}\nBUILD_ID={}\nIMAGE_ID={}\n"
      "IMAGE_VERSION={}\n",
      id, os_release_value(variant.product),
      os_release_value(std::format("{} {} ({})", variant.product, version, variant.name)),
      os_release_value(variant.description), variant.name, os_release_value(version), version,
      os_release_value(identity.build_id), id, version);
}

Result<> add_identity(const std::string& os_release, const std::string& packages_lock, Tree& tree) {
  TRY(tree.put_file("/usr/lib/os-release", os_release, 0644, "build"));
  TRY(tree.put_symlink("/etc/os-release", "../usr/lib/os-release", "build"));
  return tree.put_file("/usr/share/bulkhead/packages.lock", packages_lock, 0644, "build");
}

void remove_empty_directories(Tree& tree) {
  std::vector<std::string> directories;
  for (const auto& [path, entry] : tree.entries()) {
    if (entry.is_directory() && path != "/") directories.push_back(path);
  }
  // A directory comes before what is in it, so that from the last to the first an emptied one is found too.
  for (const std::string& path : std::views::reverse(directories)) {
    if (!tree.has_entries(path)) tree.remove(path);
  }
}

Result<> finish_layout(Tree& tree) {
  TRY(add_link_targets(tree));
  std::vector<std::pair<std::string, Entry>> moved;
  for (const auto& [path, entry] : tree.below_directory("/etc")) {
    moved.emplace_back(std::string(kFactoryEtc) + path.substr(4), entry);
  }
  tree.remove("/etc");
  for (auto& [path, entry] : moved) TRY(tree.put(std::move(path), std::move(entry)));

  for (const std::string_view path : kMountPoints) {
    if (const auto range = tree.below_directory(path); !range.empty()) {
      return fail(ErrorCode::failed_precondition, "{} ({}) would be hidden by the file system that is mounted on {}",
                  range.begin()->first, range.begin()->second.origin, path);
    }
    TRY(tree.put(std::string(path), Entry{.node = Directory{}, .mode = 0755, .xattrs = {}, .origin = "build"}));
  }
  TRY(tree.put("/root", Entry{.node = Directory{}, .mode = 0700, .xattrs = {}, .origin = "build"}));
  for (const std::string_view name : {"bin", "sbin", "lib", "lib64"}) {
    TRY(tree.put_symlink(std::format("/{}", name), std::format("usr/{}", name), "build"));
  }
  return {};
}

}  // namespace bulkhead::rootfs
