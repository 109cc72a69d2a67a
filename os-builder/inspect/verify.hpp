// Everything that can be checked about a disk image without starting it. Each check says what it checked and what it
// found.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/sys/file.hpp"

namespace bulkhead::inspect {

enum class CheckState { passed, failed, skipped };

// "ok", "failed", "skipped"
std::string_view to_string(CheckState state);

struct Check {
  std::string name;  // "slot A: root-hash signature"
  CheckState state = CheckState::passed;
  std::string detail;  // what was found, or why it failed or was skipped

  bool operator==(const Check&) const = default;
};

struct Verification {
  std::string path;
  std::vector<Check> checks;  // in the order of the recipe

  bool passed() const;
};

struct VerifyOptions {
  sys::Path image;
  sys::Path keys;                         // directory with db.pem and root-hash.pem; private keys are not needed
  std::optional<sys::Path> sbom;          // default: sbom.spdx.json beside the image, if there
  std::optional<sys::Path> manifest;      // default: manifest.json beside the image, if there
  std::optional<sys::Path> provenance{};  // default: provenance.intoto.jsonl beside the image, if there
};

// A fault of the image is a failed check. Errors: an image or a certificate that cannot be read.
Result<Verification> verify(const VerifyOptions& options);

std::string to_text(const Verification& verification, bool color);
std::string to_json(const Verification& verification);

}  // namespace bulkhead::inspect
