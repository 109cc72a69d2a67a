#include "os-builder/licenses/collect.hpp"

#include <algorithm>
#include <set>

namespace bulkhead::licenses {
namespace {

constexpr std::string_view kCommonTexts = "/usr/share/common-licenses";

std::string copyright_path(const rootfs::Tree& documents, const std::string& package) {
  const std::string path = documents.resolve("/usr/share/doc/" + package + "/copyright");
  const rootfs::Entry* const entry = documents.find(path);
  return entry != nullptr && entry->content() != nullptr ? path : "";
}

// Its own, or that of another package of the same source.
std::string find_copyright(const packages::PackageSet& set, const packages::Package& package,
                           const rootfs::Tree& documents) {
  std::string path = copyright_path(documents, package.name);
  for (const packages::Package& other : set.packages) {
    if (!path.empty()) break;
    if (other.source == package.source && other.source_version == package.source_version)
      path = copyright_path(documents, other.name);
  }
  return path;
}

// Names below /usr/share/common-licenses that the text mentions.
std::set<std::string> common_texts_in(std::string_view text) {
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-+";
  std::set<std::string> names;
  for (auto at = text.find(kCommonTexts); at != std::string_view::npos; at = text.find(kCommonTexts, at)) {
    at += kCommonTexts.size();
    if (at >= text.size() || text[at] != '/') continue;
    const std::string_view rest = text.substr(at + 1);
    std::string_view name = rest.substr(0, rest.find_first_not_of(kPlain));
    while (name.ends_with('.')) name.remove_suffix(1);
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

class Collector {
 public:
  Collector(const packages::PackageSet& set, const rootfs::Tree& documents,
            const std::map<std::string, std::string>& stated)
      : set_(set), documents_(documents), stated_(stated) {}

  Result<LicenseReport> run() {
    for (const packages::Package& package : set_.packages) TRY_CTX(add(package), "license of package {}", package.name);
    TRY(add_common_texts());
    std::string index = "package\tversion\tlicense\ttext\n";
    for (const packages::Package& package : set_.packages) {
      const PackageLicense& license = report_.packages.at(package.name);
      index += std::format("{}\t{}\t{}\t{}\n", package.name, package.version, license.expression,
                           license.text.empty() ? "-" : license.text.substr(1));
    }
    TRY(report_.texts.put_file("/INDEX", std::move(index), 0644, "build"));
    for (auto& [id, reference] : references_) report_.references.push_back(std::move(reference));
    return std::move(report_);
  }

 private:
  Result<> add(const packages::Package& package) {
    const std::string path = find_copyright(set_, package, documents_);
    PackageLicense license{
        .expression = "NOASSERTION", .basis = "no package of this source has a copyright file", .text = {}};
    DeclaredLicense declared;
    if (!path.empty()) {
      const rootfs::Content& content = *documents_.find(path)->content();
      const std::string text = TRY(content.read());
      license.text = TRY(add_text(package, content));
      const std::set<std::string> common = common_texts_in(text);
      for (const std::string& name : common) wanted_.emplace(name, package.name);
      const auto file = parse_copyright(text);
      declared = file ? declared_license(*file, package.source, text) : whole_file_license(package.source, text);
      license.expression = declared.expression;
      license.basis = file ? "as Debian's copyright file declares it for the source package"
                           : "Debian's copyright file is not machine-readable; it is the text of the license";
    }
    if (const auto stated = stated_.find(package.source); stated != stated_.end()) {
      license.expression = stated->second;
      license.basis = "stated by the variant ([licenses]) from Debian's copyright file";
    } else {
      for (LicenseReference& reference : declared.references) {
        const std::string id = reference.id;
        references_.emplace(id, std::move(reference));
      }
    }
    report_.sources.emplace(package.source, license);
    report_.packages.emplace(package.name, std::move(license));
    return {};
  }

  // One file for each source, and more where its packages have different ones.
  Result<std::string> add_text(const packages::Package& package, const rootfs::Content& content) {
    std::string path = "/" + package.source + "/copyright";
    const rootfs::Entry* const known = report_.texts.find(path);
    if (known != nullptr && *known->content() == content) return path;
    if (known != nullptr) path += "." + package.name;
    TRY(report_.texts.put(path, {.node = content, .mode = 0644, .xattrs = {}, .origin = package.name}));
    return path;
  }

  Result<> add_common_texts() {
    for (const auto& [path, entry] : documents_.below_directory(kCommonTexts)) {
      if (!entry.is_directory()) TRY(report_.texts.put("/common-licenses" + path.substr(kCommonTexts.size()), entry));
    }
    for (const auto& [name, package] : wanted_) {
      const std::string path = documents_.resolve(std::format("{}/{}", kCommonTexts, name));
      if (!path.empty()) continue;
      if (documents_.has_entries(kCommonTexts)) continue;  // a misspelling in the copyright file
      return fail(error(ErrorCode::failed_precondition,
                        "the copyright file of package {} refers to {}/{}, which no package has", package, kCommonTexts,
                        name)
                      .with_hint("add base-files to [packages.install]"));
    }
    return {};
  }

  const packages::PackageSet& set_;
  const rootfs::Tree& documents_;
  const std::map<std::string, std::string>& stated_;
  LicenseReport report_;
  std::map<std::string, LicenseReference> references_;
  std::map<std::string, std::string> wanted_;  // common text -> a package that refers to it
};

}  // namespace

Result<LicenseReport> collect(const packages::PackageSet& set, const rootfs::Tree& documents,
                              const std::map<std::string, std::string>& stated) {
  return Collector(set, documents, stated).run();
}

}  // namespace bulkhead::licenses
