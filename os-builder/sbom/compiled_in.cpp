#include "os-builder/sbom/compiled_in.hpp"

#include "lib/base/text.hpp"
#include "lib/codec/json.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCompiledIn = std::size_t{1} << 20U;
constexpr std::string_view kCompiledInSchema = "bulkhead.compiled-in/1";

std::unexpected<Error> not_compiled_in(std::string_view what) {
  return fail(ErrorCode::data_loss, "{} is damaged: {}", kCompiledInFile, what);
}

// The texts become parts of identifiers and URLs.
Result<std::string> compiled_in_text(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return not_compiled_in(std::format("no '{}'", name));
  const auto* text = object.at(name).get_ptr<const std::string*>();
  if (text == nullptr || text->empty() || text->find_first_of(" \t\n") != std::string::npos)
    return not_compiled_in(std::format("'{}' is not a word", name));
  return *text;
}

Result<> read_program(const std::string& name, const json& packages, CompiledIn& result) {
  if (!packages.is_array()) return not_compiled_in(std::format("program '{}' has no list", printable(name)));
  std::vector<std::string>& list = result.programs[name];
  for (const json& package : packages) {
    const auto* text = package.get_ptr<const std::string*>();
    if (text == nullptr || !result.packages.contains(*text))
      return not_compiled_in(std::format("program '{}' names a package that is not described", printable(name)));
    list.push_back(*text);
  }
  return {};
}

}  // namespace

Result<CompiledIn> parse_compiled_in(std::string_view text) {
  if (text.size() > kMaxCompiledIn) return not_compiled_in("it is larger than 1 MiB");
  const json object = codec::parse_json(text, {}, codec::RepeatedNames::refused).value_or(json());
  const std::string schema = TRY(compiled_in_text(object, "schema"));
  if (schema != kCompiledInSchema) return not_compiled_in(std::format("the schema is not {}", kCompiledInSchema));
  for (const char* name : {"packages", "programs"}) {
    if (!object.contains(name) || !object.at(name).is_object()) return not_compiled_in(std::format("no '{}'", name));
  }
  if (object.size() != 3) return not_compiled_in("an unknown member");
  CompiledIn result;
  for (const auto& [name, package] : object.at("packages").items()) {
    SdkPackage& entry = result.packages[name];
    entry.version = TRY(compiled_in_text(package, "version"));
    entry.source = TRY(compiled_in_text(package, "source"));
    entry.source_version = TRY(compiled_in_text(package, "source_version"));
  }
  for (const auto& [name, packages] : object.at("programs").items()) TRY(read_program(name, packages, result));
  return result;
}

}  // namespace bulkhead::sbom
