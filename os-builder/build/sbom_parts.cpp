#include "os-builder/build/sbom_parts.hpp"

#include "lib/pe/image.hpp"
#include "lib/sys/mapped_file.hpp"
#include "os-builder/initrd/read.hpp"

namespace bulkhead::build {
namespace {

using sbom::Part;

std::vector<std::string> esp_origins(const std::string& path, const BootFiles& files) {
  if (path.ends_with("systemd-bootx64.efi")) return {files.packages.boot_loader};
  if (path.starts_with("EFI/Linux/")) return {sbom::part_origin(Part::uki)};
  return {};
}

std::vector<std::string> section_origins(const std::string& section, const BootFiles& files) {
  if (section == ".linux") return {files.packages.kernel};
  if (section == ".initrd") return {sbom::part_origin(Part::initrd)};
  if (section == ".cmdline" || section == ".osrel" || section == ".uname") return {};
  return {files.packages.efi_stub};
}

Result<std::vector<sbom::PartFile>> describe_esp(const BootFiles& files) {
  std::vector<sbom::PartFile> described;
  for (const auto& [path, file] : files.esp_files) {
    const sys::MappedFile mapped = TRY(sys::MappedFile::open(file));
    described.push_back(sbom::describe_part_file(path, mapped.bytes(), esp_origins(path, files)));
  }
  return described;
}

Result<std::vector<sbom::PartFile>> describe_uki(const BootFiles& files) {
  const sys::MappedFile mapped = TRY(sys::MappedFile::open(files.uki));
  const pe::Image image = TRY_CTX(pe::parse(mapped.bytes()), "reading the unified kernel image");
  std::vector<sbom::PartFile> described;
  for (const pe::Section& section : image.sections) {
    const auto bytes = mapped.bytes().subspan(section.raw_offset, section.content_size());
    described.push_back(sbom::describe_part_file(section.name, bytes, section_origins(section.name, files)));
  }
  return described;
}

Result<std::vector<sbom::PartFile>> describe_initrd(const BootFiles& files) {
  const sys::MappedFile mapped = TRY(sys::MappedFile::open(files.initrd));
  const std::vector<initrd::InitrdFile> content = TRY(initrd::read_archive(mapped.bytes()));
  std::vector<sbom::PartFile> described;
  for (const initrd::InitrdFile& file : content) {
    std::vector<std::string> origins;
    if (file.path.ends_with(".ko")) origins.push_back(files.packages.kernel);
    described.push_back(sbom::describe_part_file(file.path, as_bytes(file.content), std::move(origins)));
  }
  return described;
}

}  // namespace

Result<sbom::PartFiles> describe_parts(const BootFiles& files) {
  sbom::PartFiles parts;
  parts[Part::esp] = TRY_CTX(describe_esp(files), "describing the ESP");
  parts[Part::uki] = TRY_CTX(describe_uki(files), "describing the unified kernel image");
  parts[Part::initrd] = TRY_CTX(describe_initrd(files), "describing the initrd");
  return parts;
}

}  // namespace bulkhead::build
