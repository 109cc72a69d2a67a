#include "os-builder/sbom/spdx.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <set>

#include "lib/base/text.hpp"
#include "lib/crypto/sha256.hpp"
#include "os-builder/sbom/digests.hpp"

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

ordered_json relationship(const std::string& from, const char* type, const std::string& to) {
  return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

// SPDX identifiers have letters, digits, '.' and '-' (3.2); Debian names also have '+', which becomes ".2B".
std::string package_id(std::string_view name) {
  std::string id = "SPDXRef-Package-";
  for (const char c : name) id += c == '+' ? std::string(".2B") : std::string(1, c);
  return id;
}

// Derived from the path, so that a file has the same identifier in every build.
std::string file_id(std::string_view path) { return "SPDXRef-File-" + crypto::sha256(path).to_string().substr(0, 24); }

std::string utc_text(std::int64_t epoch) {
  return std::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::sys_seconds(std::chrono::seconds(epoch)));
}

// Percent-encoding of package URLs (purl specification, "Character encoding").
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~";
  std::string result;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += std::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

// "pkg:deb/debian/NAME@VERSION?arch=…&distro=…&upstream=SOURCE@VERSION"; the last lets scanners find advisories, which
// Debian files under the source package.
std::string package_url(const packages::Package& package) {
  const std::string distribution = package.suite.substr(0, package.suite.find('-'));
  std::string url = std::format("pkg:deb/debian/{}@{}?arch={}", percent_encoded(package.name),
                                percent_encoded(package.version), percent_encoded(package.architecture));
  if (!distribution.empty()) url += "&distro=" + percent_encoded(distribution);
  const bool same_version = package.source_version.empty() || package.source_version == package.version;
  if (!package.source.empty() && (package.source != package.name || !same_version)) {
    url +=
        "&upstream=" + percent_encoded(same_version ? package.source : package.source + "@" + package.source_version);
  }
  return url;
}

// filesAnalyzed is false: this is the .deb as Debian made it, of which the image holds a part. By SPDX's rules (7.8)
// such a package contains no files; the files say where they came from by GENERATED_FROM.
ordered_json package_element(const packages::Package& package) {
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
  element["licenseConcluded"] = kUnknown;
  element["licenseDeclared"] = kUnknown;
  element["copyrightText"] = kUnknown;
  if (!package.summary.empty()) element["summary"] = package.summary;
  element["externalRefs"] = ordered_json::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                                                  {"referenceType", "purl"},
                                                  {"referenceLocator", package_url(package)}}});
  return element;
}

ordered_json bulkhead_element(const SbomSubject& subject) {
  return {
      {"SPDXID", kBulkhead},
      {"name", "bulkhead"},
      {"versionInfo", subject.version.to_string()},
      {"supplier", kUnknown},
      {"downloadLocation", kUnknown},
      {"filesAnalyzed", false},
      {"licenseConcluded", kUnknown},
      {"licenseDeclared", "Apache-2.0"},
      {"copyrightText", kUnknown},
      {"summary", "Bulkhead's own programs, configuration and files computed while the image is composed"},
  };
}

ordered_json image_element(const SbomSubject& subject, const std::string& code) {
  return {
      {"SPDXID", kImage},
      {"name", "bulkhead-" + subject.variant},
      {"versionInfo", subject.version.to_string()},
      {"supplier", kUnknown},
      {"downloadLocation", kUnknown},
      {"filesAnalyzed", true},
      {"packageVerificationCode", {{"packageVerificationCodeValue", code}}},
      {"primaryPackagePurpose", "OPERATING-SYSTEM"},
      {"licenseConcluded", kUnknown},
      {"licenseDeclared", kUnknown},
      {"copyrightText", kUnknown},
      {"summary", std::format("Root file system of build {}", subject.build_id)},
  };
}

struct Files {
  ordered_json elements = ordered_json::array();
  ordered_json relationships = ordered_json::array();
  std::vector<std::string> sha1_texts;
};

Result<Files> describe_files(const rootfs::Tree& tree, const std::set<std::string, std::less<>>& packages) {
  Files files;
  for (const auto& [path, entry] : tree.entries()) {
    const rootfs::Content* content = entry.content();
    if (content == nullptr) continue;
    if (!is_utf8(path))
      return fail(ErrorCode::invalid_argument, "the path '{}' is not UTF-8, so the SBOM cannot name it", path);
    const rootfs::ContentView view = TRY_CTX(rootfs::ContentView::open(*content), "describing {}", path);
    const std::string sha1 = sha1_hex(view.bytes());
    const std::string id = file_id(path);
    files.elements.push_back(
        {{"SPDXID", id},
         {"fileName", "." + path},
         {"checksums", ordered_json::array({checksum("SHA1", sha1), checksum("SHA256", content->sha256.to_string())})},
         {"licenseConcluded", kUnknown},
         {"copyrightText", kUnknown}});
    files.relationships.push_back(relationship(kImage, "CONTAINS", id));
    files.relationships.push_back(
        relationship(id, "GENERATED_FROM", packages.contains(entry.origin) ? package_id(entry.origin) : kBulkhead));
    files.sha1_texts.push_back(sha1);
  }
  return files;
}

}  // namespace

Result<std::string> spdx_document(const SbomSubject& subject, const packages::PackageSet& set,
                                  const rootfs::Tree& tree) {
  std::set<std::string, std::less<>> names;
  for (const packages::Package& package : set.packages) names.insert(package.name);
  Files files = TRY(describe_files(tree, names));

  ordered_json packages =
      ordered_json::array({image_element(subject, verification_code(files.sha1_texts)), bulkhead_element(subject)});
  ordered_json relationships =
      ordered_json::array({relationship(kDocument, "DESCRIBES", kImage), relationship(kImage, "CONTAINS", kBulkhead)});
  for (const packages::Package& package : set.packages) {
    packages.push_back(package_element(package));
    relationships.push_back(relationship(kImage, "CONTAINS", package_id(package.name)));
  }
  relationships.insert(relationships.end(), files.relationships.begin(), files.relationships.end());

  const std::string name = std::format("bulkhead-{}-{}", subject.variant, subject.version.to_string());
  ordered_json document = {
      {"spdxVersion", "SPDX-2.3"},
      {"dataLicense", "CC0-1.0"},
      {"SPDXID", kDocument},
      {"name", name},
      {"documentNamespace", ""},
      {"creationInfo",
       {{"created", utc_text(set.source_date_epoch)}, {"creators", ordered_json::array({"Tool: os-builder"})}}},
      {"documentDescribes", ordered_json::array({kImage})},
      {"packages", std::move(packages)},
      {"files", std::move(files.elements)},
      {"relationships", std::move(relationships)},
  };
  // Unique per content, as clause 6.5 wants, without chance: the digest of the document while its namespace is empty.
  static constexpr auto kReplace = ordered_json::error_handler_t::replace;
  const std::string digest = crypto::sha256(document.dump(-1, ' ', false, kReplace)).to_string();
  document["documentNamespace"] = std::format("https://spdx.org/spdxdocs/{}-{}", name, digest.substr(0, 32));
  return document.dump(1, ' ', false, kReplace) + "\n";
}

}  // namespace bulkhead::sbom
