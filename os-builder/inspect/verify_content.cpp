#include "os-builder/inspect/verify_content.hpp"

namespace bulkhead::inspect {
namespace {

// The first few are enough to see the cause.
class Differences {
 public:
  void add(std::string what) {
    if (++count_ <= kShown) text_ += (text_.empty() ? "" : ", ") + what;
  }
  Result<> finish() const {
    if (count_ == 0) return {};
    if (count_ <= kShown) return fail(error(ErrorCode::verification_failed, "{}", text_));
    return fail(error(ErrorCode::verification_failed, "{} and {} more", text_, count_ - kShown));
  }

 private:
  static constexpr std::size_t kShown = 5;
  std::size_t count_ = 0;
  std::string text_;
};

void compare_with_sbom(const rootfs::Tree& tree, const sbom::SbomContent& sbom, Differences& differences) {
  for (const auto& [path, entry] : tree.entries()) {
    const rootfs::Content* content = entry.content();
    if (content == nullptr) continue;
    const auto listed = sbom.files.find(path);
    if (listed == sbom.files.end()) {
      differences.add(path + " is not in the SBOM");
    } else if (listed->second != content->sha256) {
      differences.add(path + " has another digest");
    }
  }
  for (const auto& [path, digest] : sbom.files) {
    const rootfs::Entry* entry = tree.find(path);
    if (entry == nullptr || entry->content() == nullptr) differences.add(path + " is not in the image");
  }
}

void compare_packages(const packages::PackageSet& set, const sbom::SbomContent& sbom, Differences& differences) {
  std::map<std::string, std::string, std::less<>> in_image;
  for (const packages::Package& package : set.packages) in_image.emplace(package.name, package.version);
  for (const auto& [name, version] : in_image) {
    const auto listed = sbom.packages.find(name);
    if (listed == sbom.packages.end() || listed->second != version) differences.add("package " + name + " differs");
  }
  for (const auto& [name, version] : sbom.packages) {
    if (!in_image.contains(name)) differences.add("package " + name + " is not in the image");
  }
}

}  // namespace

Result<> compare_with_sbom(const Root& root, const sbom::SbomContent& sbom) {
  Differences differences;
  compare_with_sbom(root.tree(), sbom, differences);
  compare_packages(root.packages, sbom, differences);
  return differences.finish();
}

Result<> compare_with_files(const sbom::Manifest& manifest, const sys::Path& directory) {
  Differences differences;
  for (const sbom::ManifestFile& listed : manifest.files) {
    const auto found = sbom::describe_file(directory, listed.name);
    if (!found) {
      differences.add(found.error().describe());
    } else if (found->size != listed.size) {
      differences.add(std::format("{} has {} bytes instead of {}", listed.name, found->size, listed.size));
    } else if (found->sha256 != listed.sha256) {
      differences.add(listed.name + " has another digest");
    }
  }
  return differences.finish();
}

}  // namespace bulkhead::inspect
