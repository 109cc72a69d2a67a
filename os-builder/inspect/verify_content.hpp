// Checks of an image's content against its SBOM and manifest.
#pragma once

#include "os-builder/inspect/inspect.hpp"
#include "os-builder/inspect/verify.hpp"
#include "os-builder/sbom/manifest.hpp"
#include "os-builder/sbom/provenance.hpp"
#include "os-builder/sbom/spdx.hpp"

namespace bulkhead::inspect {

// What lies outside of the root: a digest for each file of the ESP, section of its UKI, and file of the initrd in that.
using BootParts = std::map<sbom::Part, sbom::SbomContent::Files>;

// Reads them from the files of an ESP, with their content. Of several UKIs the last one counts, as SBOMs describe one.
// Errors: those of an initrd that cannot be read.
Result<BootParts> read_boot_parts(const std::map<std::string, std::string>& esp_files);

// Every file of the root and of the boot parts is in the SBOM with its digest, nothing else is, and the packages agree
// with packages.lock.
Result<> compare_with_sbom(const Root& root, const BootParts& parts, const sbom::SbomContent& sbom);

// Every file that the provenance speaks of is in the manifest with that digest, and the other way around; but for the
// provenance, which the manifest has as well.
Result<> compare_with_provenance(const sbom::Manifest& manifest, const sbom::Provenance& provenance);

// Every file of the manifest is in `directory` with its size and digest.
Result<> compare_with_files(const sbom::Manifest& manifest, const sys::Path& directory);
// The image is one of the provenance's files, and it and those that lie beside it have their digests.
Result<> compare_with_files(const sbom::Provenance& provenance, const sys::Path& image);

}  // namespace bulkhead::inspect
