#include "os-builder/sbom/provenance.hpp"

#include <nlohmann/json.hpp>

#include "lib/codec/base64.hpp"
#include "lib/codec/json.hpp"
#include "lib/crypto/signature.hpp"
#include "os-builder/sbom/identifiers.hpp"

namespace bulkhead::sbom {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kMaxEnvelope = std::size_t{16} << 20U;
constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
constexpr const char* kStatementType = "https://in-toto.io/Statement/v1";
constexpr const char* kPredicateType = "https://slsa.dev/provenance/v1";
constexpr const char* kBuildType = "urn:bulkhead:build:os-builder:1";

// What is signed (DSSE protocol, "Pre-Authentication Encoding"): the type cannot be exchanged, and no other protocol
// signs something that begins like this.
std::string signed_bytes(std::string_view payload) {
  return std::format("DSSEv1 {} {} {} {}", kPayloadType.size(), kPayloadType, payload.size(), payload);
}

ordered_json resource(const std::string& name, const Sha256& sha256) {
  return {{"name", name}, {"digest", {{"sha256", sha256.to_string()}}}};
}

ordered_json dependencies(const ProvenanceInputs& inputs) {
  ordered_json list = ordered_json::array();
  for (const packages::Package& package : inputs.packages->packages) {
    ordered_json entry = {{"uri", debian_url({.name = package.name,
                                              .version = package.version,
                                              .architecture = package.architecture,
                                              .suite = package.suite,
                                              .source = package.source,
                                              .source_version = package.source_version})}};
    entry.update(resource(packages::deb_file_name(package), package.sha256));
    list.push_back(std::move(entry));
  }
  list.push_back(resource("variant", inputs.variant));
  for (const ProvenanceSource& source : inputs.sources) list.push_back(resource(source.name, source.sha256));
  return list;
}

std::unexpected<Error> no_provenance(std::string_view what) {
  return fail(ErrorCode::data_loss, "{} is damaged: {}", kProvenanceFile, what);
}

const std::string* provenance_text(const nlohmann::json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) return nullptr;
  return object.at(name).get_ptr<const std::string*>();
}

// Exactly one signature: with several, it would have to be said which ones count.
Result<std::vector<std::byte>> only_signature(const nlohmann::json& envelope) {
  if (!envelope.contains("signatures") || !envelope.at("signatures").is_array() ||
      envelope.at("signatures").size() != 1)
    return no_provenance("it does not have one signature");
  const std::string* text = provenance_text(envelope.at("signatures")[0], "sig");
  if (text == nullptr) return no_provenance("it does not have one signature");
  return codec::from_base64(*text);
}

Result<Provenance> read_statement(std::string_view payload) {
  const nlohmann::json statement = codec::parse_json(payload).value_or(nlohmann::json());
  const std::string* type = provenance_text(statement, "_type");
  const std::string* predicate = provenance_text(statement, "predicateType");
  if (type == nullptr || *type != kStatementType || predicate == nullptr || *predicate != kPredicateType)
    return no_provenance("it is not an in-toto statement with a provenance");
  if (!statement.contains("subject") || !statement.at("subject").is_array()) return no_provenance("no subjects");
  Provenance provenance;
  for (const nlohmann::json& subject : statement.at("subject")) {
    const std::string* name = provenance_text(subject, "name");
    const std::string* digest =
        subject.is_object() && subject.contains("digest") ? provenance_text(subject.at("digest"), "sha256") : nullptr;
    if (name == nullptr || digest == nullptr) return no_provenance("a subject without name or digest");
    const Sha256 sha256 = TRY_CTX(Sha256::parse(*digest), "subject '{}'", *name);
    if (!provenance.subjects.emplace(*name, sha256).second) return no_provenance("a subject that is listed twice");
  }
  return provenance;
}

}  // namespace

std::string provenance_statement(const ProvenanceInputs& inputs, const crypto::Certificate& signer) {
  ordered_json subjects = ordered_json::array();
  for (const ManifestFile& file : inputs.manifest.files) subjects.push_back(resource(file.name, file.sha256));
  const ordered_json statement = {
      {"_type", kStatementType},
      {"subject", std::move(subjects)},
      {"predicateType", kPredicateType},
      {"predicate",
       {{"buildDefinition",
         {{"buildType", kBuildType},
          {"externalParameters",
           {{"variant", inputs.manifest.variant},
            {"version", inputs.manifest.version.to_string()},
            {"sourceDateEpoch", inputs.manifest.source_date_epoch}}},
          {"internalParameters", {{"rootHash", inputs.manifest.root_hash.to_string()}}},
          {"resolvedDependencies", dependencies(inputs)}}},
        {"runDetails",
         {{"builder", {{"id", "urn:bulkhead:builder:sha256:" + signer.fingerprint().to_string()}}},
          {"metadata", {{"invocationId", inputs.manifest.build_id}}}}}}},
  };
  return statement.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::string> sign_provenance(std::string_view statement, const keys::KeyPair& key) {
  const auto private_key = TRY(crypto::PrivateKey::load(key.key));
  const auto certificate = TRY(crypto::Certificate::load(key.certificate));
  const auto signature = TRY(crypto::sign(private_key, certificate, as_bytes(signed_bytes(statement))));
  const ordered_json envelope = {
      {"payload", codec::to_base64(as_bytes(statement))},
      {"payloadType", kPayloadType},
      {"signatures",
       ordered_json::array({{{"keyid", certificate.fingerprint().to_string()}, {"sig", codec::to_base64(signature)}}})},
  };
  return envelope.dump() + "\n";
}

Result<Provenance> verify_provenance(std::string_view text, const crypto::Certificate& signer) {
  if (text.size() > kMaxEnvelope) return no_provenance("it is larger than 16 MiB");
  const nlohmann::json envelope = codec::parse_json(text, {}, codec::RepeatedNames::refused).value_or(nlohmann::json());
  const std::string* type = provenance_text(envelope, "payloadType");
  const std::string* payload = provenance_text(envelope, "payload");
  if (type == nullptr || *type != kPayloadType || payload == nullptr) return no_provenance("it is not a DSSE envelope");
  const auto signature = TRY(only_signature(envelope));
  const std::vector<std::byte> bytes = TRY(codec::from_base64(*payload));
  TRY(crypto::verify_signature(signature, signer, as_bytes(signed_bytes(as_text(bytes)))));
  return read_statement(as_text(bytes));
}

}  // namespace bulkhead::sbom
