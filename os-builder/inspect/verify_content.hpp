// Checks of an image's content against its SBOM and manifest.
#pragma once

#include "os-builder/inspect/inspect.hpp"
#include "os-builder/inspect/verify.hpp"
#include "os-builder/sbom/manifest.hpp"
#include "os-builder/sbom/spdx.hpp"

namespace bulkhead::inspect {

// Every file of the root is in the SBOM with its digest, nothing else is, and the packages agree with packages.lock.
Result<> compare_with_sbom(const Root& root, const sbom::SbomContent& sbom);

// Every file of the manifest is in `directory` with its size and digest.
Result<> compare_with_files(const sbom::Manifest& manifest, const sys::Path& directory);

}  // namespace bulkhead::inspect
