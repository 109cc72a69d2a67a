// provenance.intoto.jsonl: what a build was made from, and which files it made, signed; docs/formats/provenance.md. An
// in-toto statement (v1) with a provenance predicate of SLSA (v1) in a DSSE envelope (v1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/crypto/certificate.hpp"
#include "os-builder/keys/key_set.hpp"
#include "os-builder/packages/package_set.hpp"
#include "os-builder/sbom/manifest.hpp"

namespace bulkhead::sbom {

inline constexpr const char* kProvenanceFile = "provenance.intoto.jsonl";

// A file of the checkout, or a program of ours.
struct ProvenanceSource {
  std::string name;  // "overlay/base/etc/hosts", "program/apiserver"
  Sha256 sha256;

  bool operator==(const ProvenanceSource&) const = default;
};

struct ProvenanceInputs {
  Manifest manifest;                               // its files are the subjects
  const packages::PackageSet* packages = nullptr;  // not owned
  std::vector<ProvenanceSource> sources;           // sorted by name
  Sha256 variant;                                  // digest of all its keys
};

// The statement, as JSON on one line. Deterministic.
std::string provenance_statement(const ProvenanceInputs& inputs, const crypto::Certificate& signer);

// The envelope, one line. The root-hash key signs: it is the key that says what a version consists of, and what it
// signs otherwise, the 64 digits of a root hash, cannot be taken for the bytes that DSSE signs, nor the other way
// around.
Result<std::string> sign_provenance(std::string_view statement, const keys::KeyPair& key);

// A statement that was read back.
struct Provenance {
  std::map<std::string, Sha256, std::less<>> subjects;  // file name -> digest

  bool operator==(const Provenance&) const = default;
};

// Checks the signature of an envelope's text, before anything in it is looked at, and reads the statement. At most 16
// MiB. Errors: verification_failed for a signature that this certificate did not make; data_loss for anything that is
// not one of our documents.
Result<Provenance> verify_provenance(std::string_view text, const crypto::Certificate& signer);

}  // namespace bulkhead::sbom
