#include "os-builder/sbom/spdx.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <set>

#include "lib/base/text.hpp"
#include "lib/crypto/sha256.hpp"
#include "os-builder/sbom/digests.hpp"
#include "os-builder/sbom/identifiers.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::ordered_json;

constexpr const char* kDocument = "SPDXRef-DOCUMENT";
constexpr const char* kImage = "SPDXRef-Image";
constexpr const char* kBulkhead = "SPDXRef-Bulkhead";  // our programs, overlays, and what finishing steps compute
constexpr const char* kUnknown = "NOASSERTION";

ordered_json checksum(const char* algorithm, const std::string& value) {
  return {{"algorithm", algorithm}, {"checksumValue", value}};
}

std::string package_id(std::string_view name) { return "SPDXRef-Package-" + id_text(name); }

std::string_view part_word(Part part) {
  switch (part) {
    case Part::esp: return "Esp";
    case Part::uki: return "Uki";
    case Part::initrd: return "Initrd";
  }
  std::unreachable();
}

std::string part_id(Part part) { return std::format("SPDXRef-{}", part_word(part)); }

// Derived from the path, so that a file has the same identifier in every build.
std::string path_digest(std::string_view path) { return crypto::sha256(path).to_string().substr(0, 24); }
std::string file_id(std::string_view path) { return "SPDXRef-File-" + path_digest(path); }
std::string part_file_id(Part part, std::string_view path) { return part_id(part) + "-" + path_digest(path); }

std::string utc_text(std::int64_t epoch) {
  return std::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::sys_seconds(std::chrono::seconds(epoch)));
}

ordered_json external_reference(const char* category, const char* type, const std::string& locator) {
  return {{"referenceCategory", category}, {"referenceType", type}, {"referenceLocator", locator}};
}

std::string package_url(const packages::Package& package) {
  return debian_url({.name = package.name,
                     .version = package.version,
                     .architecture = package.architecture,
                     .suite = package.suite,
                     .source = package.source,
                     .source_version = package.source_version});
}

class Document {
 public:
  explicit Document(const SbomInputs& inputs) : inputs_(inputs) {
    for (const packages::Package& package : inputs.packages->packages) names_.insert(package.name);
  }

  Result<std::string> write() {
    relate(kDocument, "DESCRIBES", kImage);
    TRY(add_root());
    for (const auto& [part, files] : inputs_.parts) add_part(part, files);
    relate(kImage, "CONTAINS", kBulkhead);
    packages_.push_back(bulkhead_element());
    for (const packages::Package& package : inputs_.packages->packages) add_package(package);
    for (const Component& component : *inputs_.components) add_component(component);
    return text();
  }

 private:
  void relate(const std::string& from, const char* type, const std::string& to) {
    relationships_.push_back({{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}});
  }

  // ---- files

  // Where a file came from: a package, another part of the image, or us.
  std::string origin_id(const std::string& origin) {
    if (names_.contains(origin)) {
      installed_.insert(origin);
      return package_id(origin);
    }
    for (const Part part : {Part::esp, Part::uki, Part::initrd}) {
      if (origin == part_origin(part)) return part_id(part);
    }
    return kBulkhead;
  }

  void add_file(const std::string& id, const std::string& name, const std::string& sha1, const Sha256& sha256,
                const std::string& container, const std::vector<std::string>& origins) {
    files_.push_back(
        {{"SPDXID", id},
         {"fileName", name},
         {"checksums", ordered_json::array({checksum("SHA1", sha1), checksum("SHA256", sha256.to_string())})},
         {"licenseConcluded", kUnknown},
         {"copyrightText", kUnknown}});
    relate(container, "CONTAINS", id);
    for (const std::string& origin : origins) relate(id, "GENERATED_FROM", origin_id(origin));
  }

  Result<> add_root() {
    std::vector<std::string> sha1_texts;
    for (const auto& [path, entry] : inputs_.tree->entries()) {
      const rootfs::Content* content = entry.content();
      if (content == nullptr) continue;
      if (!is_utf8(path))
        return fail(ErrorCode::invalid_argument, "the path '{}' is not UTF-8, so the SBOM cannot name it", path);
      const rootfs::ContentView view = TRY_CTX(rootfs::ContentView::open(*content), "describing {}", path);
      const std::string sha1 = sha1_hex(view.bytes());
      add_file(file_id(path), "." + path, sha1, content->sha256, kImage, {entry.origin});
      sha1_texts.push_back(sha1);
    }
    packages_.push_back(analyzed_element(kImage, "bulkhead-" + inputs_.subject.variant, "OPERATING-SYSTEM",
                                         std::format("Root file system of build {}", inputs_.subject.build_id),
                                         std::move(sha1_texts)));
    return {};
  }

  void add_part(Part part, const std::vector<PartFile>& files) {
    std::vector<std::string> sha1_texts;
    for (const PartFile& file : files) {
      add_file(part_file_id(part, file.path), "./" + file.path, file.sha1, file.sha256, part_id(part),
               file.origins.empty() ? std::vector<std::string>{""} : file.origins);
      sha1_texts.push_back(file.sha1);
    }
    std::string word(part_word(part));
    word.front() = static_cast<char>(word.front() - 'A' + 'a');
    packages_.push_back(analyzed_element(part_id(part), std::format("bulkhead-{}-{}", inputs_.subject.variant, word),
                                         part == Part::esp ? "INSTALL" : "FIRMWARE", part_summary(part),
                                         std::move(sha1_texts)));
    relate(kDocument, "DESCRIBES", part_id(part));
  }

  static std::string part_summary(Part part) {
    switch (part) {
      case Part::esp: return "Files of the EFI system partition";
      case Part::uki: return "Unified kernel image; its files are the sections of the program";
      case Part::initrd: return "Files of the initrd, which is a section of the unified kernel image";
    }
    std::unreachable();
  }

  // ---- packages

  ordered_json analyzed_element(const std::string& id, const std::string& name, const char* purpose,
                                const std::string& summary, std::vector<std::string> sha1_texts) const {
    return {
        {"SPDXID", id},
        {"name", name},
        {"versionInfo", inputs_.subject.version.to_string()},
        {"supplier", kUnknown},
        {"downloadLocation", kUnknown},
        {"filesAnalyzed", true},
        {"packageVerificationCode", {{"packageVerificationCodeValue", verification_code(std::move(sha1_texts))}}},
        {"primaryPackagePurpose", purpose},
        {"licenseConcluded", kUnknown},
        {"licenseDeclared", kUnknown},
        {"licenseComments", "a compilation: each file has the license of the package that it is generated from"},
        {"copyrightText", kUnknown},
        {"summary", summary},
    };
  }

  ordered_json bulkhead_element() const {
    return {
        {"SPDXID", kBulkhead},
        {"name", "bulkhead"},
        {"versionInfo", inputs_.subject.version.to_string()},
        {"supplier", kUnknown},
        {"downloadLocation", kUnknown},
        {"filesAnalyzed", false},
        {"licenseConcluded", kUnknown},
        {"licenseDeclared", "Apache-2.0"},
        {"copyrightText", kUnknown},
        {"summary", "Bulkhead's own programs, configuration and files computed while the image is composed"},
    };
  }

  // filesAnalyzed is false: this is the .deb as Debian made it, of which the image holds a part. By SPDX's rules (7.8)
  // such a package contains no files; the files say where they came from by GENERATED_FROM.
  void add_package(const packages::Package& package) {
    const bool installed = installed_.contains(package.name);
    const licenses::PackageLicense& license = inputs_.licenses->packages.at(package.name);
    ordered_json element = {
        {"SPDXID", package_id(package.name)},
        {"name", package.name},
        {"versionInfo", package.version},
        {"packageFileName", package.filename.empty() ? packages::deb_file_name(package) : package.filename},
        {"supplier", "Organization: Debian"},
        {"downloadLocation", kUnknown},
        {"filesAnalyzed", false},
        {"checksums", ordered_json::array({checksum("SHA256", package.sha256.to_string())})},
    };
    if (!package.homepage.empty()) element["homepage"] = package.homepage;
    element["sourceInfo"] = std::format("built from Debian source package {} {}, maintained by {}", package.source,
                                        package.source_version, package.maintainer);
    add_license(element, license.expression, license.basis);
    if (!package.summary.empty()) element["summary"] = package.summary;
    std::string comment =
        installed ? "files of it are in the image" : "used by the build; no file of it is in the image";
    if (!package.suite_reason.empty())
      comment += std::format("; taken from Debian's suite {}: {}", package.suite, package.suite_reason);
    element["comment"] = std::move(comment);
    element["externalRefs"] = references(package_url(package), package.source, package.version);
    packages_.push_back(std::move(element));
    if (installed) {
      relate(kImage, "CONTAINS", package_id(package.name));
    } else {
      relate(package_id(package.name), "BUILD_DEPENDENCY_OF", kImage);
    }
  }

  static void add_license(ordered_json& element, const std::string& expression, const std::string& basis) {
    element["licenseConcluded"] = kUnknown;
    element["licenseDeclared"] = expression;
    element["licenseComments"] = basis;
    element["copyrightText"] = kUnknown;
  }

  ordered_json references(const std::string& purl, const std::string& source, const std::string& version) const {
    ordered_json list = ordered_json::array({external_reference("PACKAGE-MANAGER", "purl", purl)});
    if (const auto product = inputs_.products.find(source); product != inputs_.products.end())
      list.push_back(external_reference("SECURITY", "cpe23Type", cpe_name(product->second, version)));
    return list;
  }

  void add_component(const Component& component) {
    const std::string id = "SPDXRef-" + component.id;
    ordered_json element = {
        {"SPDXID", id},
        {"name", component.name},
        {"versionInfo", component.version},
        {"supplier", component.supplier.empty() ? kUnknown : component.supplier},
        {"downloadLocation", kUnknown},
        {"filesAnalyzed", false},
    };
    add_license(element, component.expression, component.basis);
    element["comment"] = "compiled into programs of the image";
    element["externalRefs"] = references(component.purl, component.source, component.version);
    packages_.push_back(std::move(element));
    for (const ComponentUse& use : component.uses) relate(use_id(use), "STATIC_LINK", id);
  }

  static std::string use_id(const ComponentUse& use) {
    static constexpr std::string_view kInitrd = "initrd:";
    if (!use.package.empty()) return package_id(use.package);
    if (use.file.starts_with(kInitrd)) return part_file_id(Part::initrd, use.file.substr(kInitrd.size()));
    return file_id(use.file);
  }

  // ---- the whole

  std::string text() {
    ordered_json texts = ordered_json::array();
    for (const licenses::LicenseReference& reference : inputs_.licenses->references)
      texts.push_back({{"licenseId", reference.id}, {"extractedText", reference.text}, {"name", reference.name}});
    ordered_json described = ordered_json::array({kImage});
    for (const auto& [part, files] : inputs_.parts) described.push_back(part_id(part));
    const std::string name =
        std::format("bulkhead-{}-{}", inputs_.subject.variant, inputs_.subject.version.to_string());
    ordered_json document = {
        {"spdxVersion", "SPDX-2.3"},
        {"dataLicense", "CC0-1.0"},
        {"SPDXID", kDocument},
        {"name", name},
        {"documentNamespace", ""},
        {"creationInfo",
         {{"created", utc_text(inputs_.packages->source_date_epoch)},
          {"creators", ordered_json::array({"Tool: os-builder"})}}},
        {"documentDescribes", std::move(described)},
        {"packages", std::move(packages_)},
        {"files", std::move(files_)},
        {"hasExtractedLicensingInfos", std::move(texts)},
        {"relationships", std::move(relationships_)},
    };
    // Unique per content, as clause 6.5 wants, without chance: the digest of the document while its namespace is empty.
    static constexpr auto kReplace = ordered_json::error_handler_t::replace;
    const std::string digest = crypto::sha256(document.dump(-1, ' ', false, kReplace)).to_string();
    document["documentNamespace"] = std::format("https://spdx.org/spdxdocs/{}-{}", name, digest.substr(0, 32));
    return document.dump(1, ' ', false, kReplace) + "\n";
  }

  const SbomInputs& inputs_;
  std::set<std::string, std::less<>> names_;      // of packages
  std::set<std::string, std::less<>> installed_;  // packages of which a file is in the image
  ordered_json packages_ = ordered_json::array();
  ordered_json files_ = ordered_json::array();
  ordered_json relationships_ = ordered_json::array();
};

}  // namespace

PartFile describe_part_file(std::string path, std::span<const std::byte> bytes, std::vector<std::string> origins) {
  return {
      .path = std::move(path), .sha256 = crypto::sha256(bytes), .sha1 = sha1_hex(bytes), .origins = std::move(origins)};
}

std::string part_origin(Part part) { return std::format("part {}", part_word(part)); }

Result<std::string> spdx_document(const SbomInputs& inputs) { return Document(inputs).write(); }

}  // namespace bulkhead::sbom
