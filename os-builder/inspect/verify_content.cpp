#include "os-builder/inspect/verify_content.hpp"

#include <array>

#include "lib/crypto/sha256.hpp"
#include "os-builder/initrd/read.hpp"
#include "os-builder/uki/content.hpp"

namespace bulkhead::inspect {
namespace {

constexpr std::array kParts = {sbom::Part::esp, sbom::Part::uki, sbom::Part::initrd};

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

std::string_view part_name(sbom::Part part) {
  switch (part) {
    case sbom::Part::esp: return "the ESP";
    case sbom::Part::uki: return "the UKI";
    case sbom::Part::initrd: return "the initrd";
  }
  std::unreachable();
}

void compare_part(sbom::Part part, const sbom::SbomContent::Files& files, const sbom::SbomContent::Files& listed,
                  Differences& differences) {
  for (const auto& [path, digest] : files) {
    const auto found = listed.find(path);
    if (found == listed.end()) {
      differences.add(std::format("{} of {} is not in the SBOM", path, part_name(part)));
    } else if (found->second != digest) {
      differences.add(std::format("{} of {} has another digest", path, part_name(part)));
    }
  }
  for (const auto& [path, digest] : listed) {
    if (!files.contains(path)) differences.add(std::format("{} is not in {}", path, part_name(part)));
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

Result<BootParts> read_boot_parts(const std::map<std::string, std::string>& esp_files) {
  BootParts parts;
  for (const sbom::Part part : kParts) parts[part];
  for (const auto& [path, content] : esp_files) {
    const EspFile file = read_esp_file(path, as_bytes(content));
    parts[sbom::Part::esp].emplace(path, file.sha256);
    if (!file.kernel) continue;
    parts[sbom::Part::uki].clear();
    parts[sbom::Part::initrd].clear();
    for (const EfiSection& section : file.kernel->sections)
      parts[sbom::Part::uki].emplace(section.name, section.sha256);
    const auto kernel = TRY(uki::read_content(as_bytes(content)));
    const auto files = TRY_CTX(initrd::read_archive(kernel.initrd), "{}", path);
    for (const initrd::InitrdFile& entry : files)
      parts[sbom::Part::initrd].emplace(entry.path, crypto::sha256(entry.content));
  }
  return parts;
}

Result<> compare_with_sbom(const Root& root, const BootParts& parts, const sbom::SbomContent& sbom) {
  Differences differences;
  compare_with_sbom(root.tree(), sbom, differences);
  for (const sbom::Part part : kParts) {
    const auto files = parts.find(part);
    const auto listed = sbom.parts.find(part);
    const sbom::SbomContent::Files none;
    compare_part(part, files == parts.end() ? none : files->second, listed == sbom.parts.end() ? none : listed->second,
                 differences);
  }
  compare_packages(root.packages, sbom, differences);
  return differences.finish();
}

Result<> compare_with_provenance(const sbom::Manifest& manifest, const sbom::Provenance& provenance) {
  Differences differences;
  std::map<std::string, Sha256, std::less<>> listed;
  for (const sbom::ManifestFile& file : manifest.files) listed.emplace(file.name, file.sha256);
  listed.erase(sbom::kProvenanceFile);
  for (const auto& [name, digest] : listed) {
    const auto subject = provenance.subjects.find(name);
    if (subject == provenance.subjects.end()) {
      differences.add(name + " is not in the provenance");
    } else if (subject->second != digest) {
      differences.add(name + " has another digest in the provenance");
    }
  }
  for (const auto& [name, digest] : provenance.subjects) {
    if (!listed.contains(name)) differences.add(name + " is not in the manifest");
  }
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

Result<> compare_with_files(const sbom::Provenance& provenance, const sys::Path& image) {
  Differences differences;
  if (!provenance.subjects.contains(image.filename().native()))
    differences.add(image.filename().native() + " is not in the provenance");
  for (const auto& [name, digest] : provenance.subjects) {
    const sys::Path path = image.parent_path() / sys::Path(name).filename();
    if (!sys::exists(path)) continue;
    const auto found = crypto::sha256_file(path);
    if (!found) {
      differences.add(found.error().describe());
    } else if (*found != digest) {
      differences.add(name + " has another digest");
    }
  }
  return differences.finish();
}

}  // namespace bulkhead::inspect
