#include "os-builder/sbom/manifest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <span>

#include "lib/codec/json.hpp"
#include "lib/crypto/sha256.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::json;

constexpr std::string_view kSchema = "bulkhead.manifest/1";
constexpr std::size_t kMaxManifest = std::size_t{1} << 20U;
constexpr std::size_t kMaxFiles = 1000;

// Exactly the members that the format has: an unknown one means that we do not know what the file says.
Result<> check_members(const json& object, std::span<const std::string_view> names, std::string_view what) {
  if (!object.is_object()) return fail(ErrorCode::data_loss, "{} is not an object", what);
  for (const std::string_view name : names) {
    if (!object.contains(name)) return fail(ErrorCode::data_loss, "{} has no '{}'", what, name);
  }
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(names, name) == names.end())
      return fail(ErrorCode::data_loss, "{} has an unknown member '{}'", what, name);
  }
  return {};
}

Result<std::string> required_text(const json& object, const char* name) {
  const auto* text = object.at(name).get_ptr<const std::string*>();
  if (text == nullptr) return fail(ErrorCode::data_loss, "'{}' is not a string", name);
  return *text;
}

Result<Sha256> digest_member(const json& object, const char* name) {
  const std::string text = TRY(required_text(object, name));
  const Sha256 digest = TRY_CTX(Sha256::parse(text), "'{}'", name);
  if (digest.to_string() != text) return fail(ErrorCode::data_loss, "'{}' is not lower-case hexadecimal", name);
  return digest;
}

Result<ManifestFile> parse_file(const json& object) {
  static constexpr std::array<std::string_view, 3> kMembers = {"name", "size", "sha256"};
  TRY(check_members(object, kMembers, "an entry of 'files'"));
  ManifestFile file;
  file.name = TRY(required_text(object, "name"));
  // The name is joined to a directory by whoever checks the files.
  if (file.name.empty() || file.name == "." || file.name == ".." || file.name.find('/') != std::string::npos ||
      file.name.find('\0') != std::string::npos) {
    return fail(ErrorCode::data_loss, "'{}' is not a file name", file.name);
  }
  if (!object.at("size").is_number_unsigned())
    return fail(ErrorCode::data_loss, "size of '{}' is not a number", file.name);
  file.size = object.at("size").get<std::uint64_t>();
  file.sha256 = TRY_CTX(digest_member(object, "sha256"), "'{}'", file.name);
  return file;
}

Result<Manifest> parse_object(const json& object) {
  static constexpr std::array<std::string_view, 7> kMembers = {
      "schema", "variant", "version", "build_id", "source_date_epoch", "root_hash", "files"};
  TRY(check_members(object, kMembers, "the manifest"));
  const std::string schema = TRY(required_text(object, "schema"));
  if (schema != kSchema) return fail(ErrorCode::data_loss, "the schema is not {}", kSchema);
  Manifest manifest;
  manifest.variant = TRY(required_text(object, "variant"));
  const std::string version = TRY(required_text(object, "version"));
  manifest.version = TRY(Version::parse(version));
  manifest.build_id = TRY(required_text(object, "build_id"));
  if (!object.at("source_date_epoch").is_number_integer())
    return fail(ErrorCode::data_loss, "'source_date_epoch' is not a number");
  manifest.source_date_epoch = object.at("source_date_epoch").get<std::int64_t>();
  manifest.root_hash = TRY(digest_member(object, "root_hash"));
  const json& files = object.at("files");
  if (!files.is_array() || files.size() > kMaxFiles)
    return fail(ErrorCode::data_loss, "'files' is not a list of at most {}", kMaxFiles);
  for (const json& entry : files) {
    ManifestFile file = TRY(parse_file(entry));
    manifest.files.push_back(std::move(file));
  }
  const auto repeated = std::ranges::adjacent_find(manifest.files, std::greater_equal{}, &ManifestFile::name);
  if (repeated != manifest.files.end())
    return fail(ErrorCode::data_loss, "'files' is not sorted by name at '{}'", repeated->name);
  return manifest;
}

}  // namespace

Result<ManifestFile> describe_file(const sys::Path& directory, const std::string& name) {
  const auto size = TRY(sys::file_size(directory / name));
  const Sha256 sha256 = TRY(crypto::sha256_file(directory / name));
  return ManifestFile{.name = name, .size = size, .sha256 = sha256};
}

std::string write_manifest(const Manifest& manifest) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const ManifestFile& file : manifest.files) {
    files.push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256.to_string()}});
  }
  const nlohmann::ordered_json object = {
      {"schema", kSchema},
      {"variant", manifest.variant},
      {"version", manifest.version.to_string()},
      {"build_id", manifest.build_id},
      {"source_date_epoch", manifest.source_date_epoch},
      {"root_hash", manifest.root_hash.to_string()},
      {"files", std::move(files)},
  };
  return object.dump(2) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.size() > kMaxManifest)
    return fail(ErrorCode::data_loss, "the manifest is larger than {} bytes", kMaxManifest);
  // A strict reader must not have to choose between two members with one name.
  const auto object = codec::parse_json(text, "the manifest", codec::RepeatedNames::refused);
  if (!object) return fail(ErrorCode::data_loss, "{}", object.error().message);
  return parse_object(*object);
}

}  // namespace bulkhead::sbom
