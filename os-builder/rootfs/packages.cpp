#include <algorithm>

#include "lib/sys/mapped_file.hpp"
#include "os-builder/rootfs/deb.hpp"
#include "os-builder/rootfs/steps.hpp"
#include "os-builder/stage/inputs.hpp"

namespace bulkhead::rootfs {
namespace {

constexpr mode_t kSetIdBits = 06000;

// The files that boot the machine: they are taken from the packages and never reach the root image unchanged.
constexpr std::string_view kAside[] = {"/boot/", "/usr/lib/modules/", "/usr/lib/systemd/boot/efi/"};

constexpr const char* kControl = "/control";

constexpr std::string_view kDocumentation = "/usr/share/doc/";
constexpr std::string_view kCommonLicenses = "/usr/share/common-licenses/";

Result<Tree> unpack(const packages::Package& package, const sys::Path& deb, const LayerStore& store) {
  const Sha256 key = TRY(stage::digest_of(PackageLayerInputs{.deb = package.sha256}));
  return store.get(key, [&](const ContentSink& sink) -> Result<Tree> {
    const sys::MappedFile file = TRY(sys::MappedFile::open(deb));
    return read_deb(file.bytes(), DebLimits{}, sink);
  });
}

Result<std::string> control_text(const packages::Package& package, const sys::Path& deb, const LayerStore& store) {
  const Sha256 key = TRY(stage::digest_of(ControlLayerInputs{.control_of = package.sha256}));
  const Tree layer = TRY(store.get(key, [&](const ContentSink& sink) -> Result<Tree> {
    const sys::MappedFile file = TRY(sys::MappedFile::open(deb));
    const std::string text = TRY(read_control(file.bytes()));
    Tree tree;
    Content content = TRY(sink(text));
    TRY(tree.put(kControl, Entry{.node = std::move(content), .mode = 0644, .xattrs = {}, .origin = {}}));
    return tree;
  }));
  const Entry* const control = layer.find(kControl);
  if (control == nullptr || control->content() == nullptr)
    return fail(ErrorCode::data_loss, "the layer of the control file is damaged");
  return control->content()->read();
}

class FileRules {
 public:
  explicit FileRules(const variant::Variant& variant)
      : drop_(variant.drop_files), keep_(variant.keep_files), used_(keep_.size(), false) {}

  bool dropped(const std::string& path) {
    bool kept = false;
    for (std::size_t index = 0; index < keep_.size(); ++index) {
      if (!glob_match(keep_[index], path)) continue;
      used_[index] = true;
      kept = true;
    }
    return !kept && std::ranges::any_of(drop_, [&](const std::string& pattern) { return glob_match(pattern, path); });
  }

  // A keep rule says that something is needed; when it matches nothing, the need is not met.
  Result<> check() const {
    for (std::size_t index = 0; index < keep_.size(); ++index) {
      if (!used_[index])
        return fail(ErrorCode::invalid_argument, "[files] keep: no package has a file '{}'", keep_[index]);
    }
    return {};
  }

 private:
  const std::vector<std::string>& drop_;
  const std::vector<std::string>& keep_;
  std::vector<bool> used_;
};

Result<> merge(const std::string& path, Entry entry, Tree& tree) {
  const Entry* const known = tree.find(path);
  if (known == nullptr) return tree.put(path, std::move(entry));
  if (known->node != entry.node) {
    return fail(ErrorCode::failed_precondition, "{} is in package {} and, with other content, in package {}", path,
                known->origin, entry.origin);
  }
  return {};  // as dpkg does: the first package decides about mode and owner of a directory
}

bool is_boot_file(std::string_view path) {
  return std::ranges::any_of(kAside, [path](std::string_view prefix) { return path.starts_with(prefix); });
}

// Copyright files, directories of documentation that are links to another package's, and the texts that copyright files
// refer to.
bool is_license_document(std::string_view path, const Entry& entry) {
  if (path.starts_with(kCommonLicenses)) return !entry.is_directory();
  if (!path.starts_with(kDocumentation)) return false;
  const std::string_view below = path.substr(kDocumentation.size());
  const auto slash = below.find('/');
  if (slash == std::string_view::npos) return entry.symlink() != nullptr;
  return !entry.is_directory() && below.substr(slash) == "/copyright";
}

}  // namespace

Result<MergedPackages> merge_packages(const variant::Variant& variant, const packages::PackageSet& set,
                                      std::span<const sys::Path> debs, const LayerStore& store) {
  if (debs.size() != set.packages.size()) {
    return fail(ErrorCode::internal, "there are {} packages but {} files", set.packages.size(), debs.size());
  }
  MergedPackages merged;
  FileRules rules(variant);
  for (std::size_t index = 0; index < debs.size(); ++index) {
    const packages::Package& package = set.packages[index];
    const Tree layer = TRY_CTX(unpack(package, debs[index], store), "unpacking {}", debs[index].filename().native());
    const std::string control =
        TRY_CTX(control_text(package, debs[index], store), "reading {}", debs[index].filename().native());
    auto sources = TRY_CTX(built_using(control), "Built-Using of package {}", package.name);
    if (!sources.empty()) merged.built_using.emplace(package.name, std::move(sources));
    for (const auto& [path, entry] : layer.entries()) {
      if (path == "/") continue;
      if (is_license_document(path, entry) && merged.license_documents.find(path) == nullptr) {
        Entry document = entry;
        document.origin = package.name;
        TRY(merged.license_documents.put(path, std::move(document)));
      }
      const bool boot_file = is_boot_file(path);
      if (!boot_file && rules.dropped(path)) continue;
      Entry copy = entry;
      copy.mode &= ~kSetIdBits;
      copy.origin = package.name;
      TRY(merge(path, std::move(copy), boot_file ? merged.boot_files : merged.tree));
    }
  }
  TRY(rules.check());
  return merged;
}

void keep_listed_executables(const variant::Variant& variant, Tree& tree) {
  std::vector<std::string> unlisted;
  for (const std::string_view directory : kPathDirs) {
    for (const auto& [path, entry] : tree.below_directory(directory)) {
      if (!entry.is_directory() && !variant.executables.contains(std::string(file_name(path))))
        unlisted.push_back(path);
    }
  }
  for (const std::string& path : unlisted) tree.remove(path);
}

}  // namespace bulkhead::rootfs
