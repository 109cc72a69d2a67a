// The name of a build, derived from its inputs.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "os-builder/packages/package_set.hpp"
#include "os-builder/stage/fields.hpp"
#include "os-builder/variant/variant.hpp"

namespace bulkhead::sbom {

// A file of an overlay, or a program of ours.
struct SourceFile {
  std::string name;
  std::string
      type;  // "file", "program" (executable), "link"; of the mode nothing else counts, because git keeps no more
  std::string content;  // digest, or target of a link

  static constexpr std::tuple kFields = {stage::Field{"name", &SourceFile::name},
                                         stage::Field{"type", &SourceFile::type},
                                         stage::Field{"content", &SourceFile::content}};
};

// Everything that an image is made from, except the keys.
struct BuildIdInputs {
  const packages::PackageSet* packages = nullptr;  // not owned
  const variant::Variant* variant = nullptr;       // not owned
  std::vector<SourceFile> overlays;
  std::vector<SourceFile> programs;

  static constexpr std::tuple kFields = {
      stage::Field{"packages", &BuildIdInputs::packages}, stage::Field{"variant", &BuildIdInputs::variant},
      stage::Field{"overlays", &BuildIdInputs::overlays}, stage::Field{"programs", &BuildIdInputs::programs}};
};

// Errors: a program or an overlay that is missing. `set` and `variant` must outlive the result.
Result<BuildIdInputs> build_id_inputs(const packages::PackageSet& set, const variant::Variant& variant,
                                      const sys::Path& overlay_dir, const sys::Path& programs_dir);

// First 16 hex digits of the digest of these inputs. Equal inputs give the same name on every machine; directories and
// file times do not count.
Result<std::string> build_id(const BuildIdInputs& inputs);

}  // namespace bulkhead::sbom
