#include <nlohmann/json.hpp>

#include <array>

#include "lib/codec/json.hpp"
#include "os-builder/sbom/spdx.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::json;

// How the identifiers of files outside of the root begin.
constexpr std::array<std::pair<std::string_view, Part>, 3> kPartFiles = {
    {{"SPDXRef-Esp-", Part::esp}, {"SPDXRef-Uki-", Part::uki}, {"SPDXRef-Initrd-", Part::initrd}}};

constexpr std::size_t kMaxSbom = std::size_t{64} << 20U;

const std::string* text_member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto member = object.find(name);
  return member == object.end() ? nullptr : member->get_ptr<const std::string*>();
}

Result<Sha256> sha256_of(const json& element) {
  const auto checksums = element.find("checksums");
  if (checksums == element.end() || !checksums->is_array()) return fail(ErrorCode::data_loss, "no checksums");
  for (const json& checksum : *checksums) {
    const std::string* algorithm = text_member(checksum, "algorithm");
    const std::string* value = text_member(checksum, "checksumValue");
    if (algorithm != nullptr && *algorithm == "SHA256" && value != nullptr) return Sha256::parse(*value);
  }
  return fail(ErrorCode::data_loss, "no SHA256 checksum");
}

Result<> read_file_element(const json& element, SbomContent& content) {
  const std::string* name = text_member(element, "fileName");
  if (name == nullptr || !name->starts_with("./"))
    return fail(ErrorCode::data_loss, "a file without a name like './usr/bin/x'");
  const Sha256 digest = TRY_CTX(sha256_of(element), "file '{}'", *name);
  const std::string* id = text_member(element, "SPDXID");
  if (id == nullptr) return fail(ErrorCode::data_loss, "file '{}' has no identifier", *name);
  SbomContent::Files* files = &content.files;
  std::size_t prefix = std::string_view(".").size();
  for (const auto& [start, part] : kPartFiles) {
    if (!id->starts_with(start)) continue;
    files = &content.parts[part];
    prefix = std::string_view("./").size();
  }
  if (!files->emplace(name->substr(prefix), digest).second)
    return fail(ErrorCode::data_loss, "file '{}' is listed twice", *name);
  return {};
}

// The packages of packages.lock; others stand for parts of the image, for us and for what is compiled into programs.
Result<> read_package_element(const json& element, SbomContent& content) {
  const std::string* name = text_member(element, "name");
  const std::string* version = text_member(element, "versionInfo");
  if (name == nullptr || version == nullptr) return fail(ErrorCode::data_loss, "a package without name or version");
  const std::string* id = text_member(element, "SPDXID");
  if (id == nullptr) return fail(ErrorCode::data_loss, "package '{}' has no identifier", *name);
  if (!id->starts_with("SPDXRef-Package-")) return {};
  if (!content.packages.emplace(*name, *version).second)
    return fail(ErrorCode::data_loss, "package '{}' is listed twice", *name);
  return {};
}

}  // namespace

Result<SbomContent> parse_spdx(std::string_view text) {
  if (text.size() > kMaxSbom) return fail(ErrorCode::data_loss, "the SBOM is larger than {} bytes", kMaxSbom);
  const json document = codec::parse_json(text).value_or(json());
  const std::string* version = text_member(document, "spdxVersion");
  if (version == nullptr || *version != "SPDX-2.3")
    return fail(ErrorCode::data_loss, "this is not an SPDX 2.3 document in JSON");
  SbomContent content;
  for (const char* name : {"packages", "files"}) {
    const auto list = document.find(name);
    if (list == document.end() || !list->is_array())
      return fail(ErrorCode::data_loss, "the SBOM has no list of {}", name);
    for (const json& element : *list) {
      TRY(*name == 'p' ? read_package_element(element, content) : read_file_element(element, content));
    }
  }
  return content;
}

}  // namespace bulkhead::sbom
