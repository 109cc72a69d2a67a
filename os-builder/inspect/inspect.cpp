#include "os-builder/inspect/inspect.hpp"

#include <algorithm>

#include "lib/base/text.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/sys/mapped_file.hpp"
#include "os-builder/disk/read.hpp"
#include "os-builder/inspect/signer.hpp"
#include "os-builder/uki/content.hpp"

namespace bulkhead::inspect {
namespace {

Result<UnifiedKernel> read_kernel(std::span<const std::byte> file) {
  const uki::UkiContent content = TRY(uki::read_content(file));
  UnifiedKernel kernel{.sections = {},
                       .command_line = content.command_line,
                       .os_release = content.os_release,
                       .kernel_release = content.kernel_release,
                       .root_hash = {}};
  for (const pe::Section& section : content.image.sections) {
    const auto bytes = file.subspan(section.raw_offset, section.content_size());
    kernel.sections.push_back({.name = section.name, .size = bytes.size(), .sha256 = crypto::sha256(bytes)});
  }
  if (const auto root_hash = uki::root_hash_of(content.command_line)) kernel.root_hash = *root_hash;
  return kernel;
}

bool is_efi_program(std::string_view path) {
  std::string suffix(path.substr(path.size() - std::min<std::size_t>(path.size(), 4)));
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return suffix == ".efi";
}

InspectedSlot describe(const disk::SlotContent& content) {
  InspectedSlot slot{.slot = content.slot,
                     .empty = content.empty,
                     .version = content.version,
                     .root_hash = {},
                     .certificate = {},
                     .data_size = 0,
                     .salt = {},
                     .finding = {}};
  if (content.empty) return slot;
  if (content.superblock) {
    slot.data_size = content.superblock->data_size();
    slot.salt = to_hex(content.superblock->salt);
  } else {
    slot.finding = content.superblock.error().describe();
  }
  if (content.signature) {
    slot.root_hash = content.signature->root_hash;
    slot.certificate = content.signature->certificate_fingerprint;
  } else {
    slot.finding = content.signature.error().describe();
  }
  return slot;
}

Result<std::vector<EspFile>> read_esp(const disk::DiskContent& content) {
  std::vector<EspFile> files;
  for (const std::string& path : content.esp_files) {
    const std::string bytes = TRY(disk::read_esp_file(content.esp, path));
    files.push_back(read_esp_file(path, as_bytes(bytes)));
  }
  return files;
}

Result<Root> extract_root(const sys::Path& image, const disk::SlotContent& slot) {
  std::error_code status;
  const sys::Path parent = std::filesystem::temp_directory_path(status);
  if (status) return fail(errno_error(status.value(), "finding the directory for temporary files"));
  const sys::TempDir scratch = TRY(sys::TempDir::create(parent, "bulkhead-root-"));
  const sys::Path root = scratch.path() / "root.erofs";
  TRY(disk::extract(image, slot.root.start, slot.superblock->data_size(), root));
  return read_root(root);
}

Result<> inspect_disk(const ImageFile& file, Inspection& inspection) {
  const disk::DiskContent content = TRY(disk::read_disk(file.raw()));
  inspection.table = content.table;
  inspection.esp = TRY(read_esp(content));
  for (const disk::SlotContent& slot : content.slots) {
    inspection.slots.push_back(describe(slot));
    const bool readable = !slot.empty && slot.superblock && slot.superblock->data_size() <= slot.root.size;
    if (inspection.root || !readable) continue;
    auto root = extract_root(file.raw(), slot);
    if (root) {
      inspection.root.emplace(std::move(*root));
    } else {
      inspection.slots.back().finding = root.error().describe();
    }
  }
  return {};
}

}  // namespace

EspFile read_esp_file(const std::string& path, std::span<const std::byte> content) {
  EspFile file{.path = path,
               .size = content.size(),
               .sha256 = crypto::sha256(content),
               .signer = {},
               .kernel = {},
               .finding = {}};
  if (!is_efi_program(path)) return file;
  const auto image = pe::parse(content);
  if (!image) {
    file.finding = image.error().describe();
    return file;
  }
  if (const auto signer = signer_of(content, *image)) {
    file.signer = Signer{.subject = signer->subject(), .fingerprint = signer->fingerprint()};
  } else if (signer.error().code != ErrorCode::not_found) {
    file.finding = signer.error().describe();
  }
  if (image->find(".linux") == nullptr) return file;
  auto kernel = read_kernel(content);
  if (kernel) {
    file.kernel = std::move(*kernel);
  } else {
    file.finding = kernel.error().describe();
  }
  return file;
}

Result<Root> read_root(const sys::Path& erofs_image) {
  const auto image_size = TRY(sys::file_size(erofs_image));
  auto image = TRY(erofs::read_image(erofs_image));
  Root root{.image_size = image_size, .image = std::move(image), .packages = {}};
  const rootfs::Entry* lock = root.tree().find(kLockPath);
  if (lock != nullptr && lock->content() != nullptr) {
    const std::string text = TRY(lock->content()->read());
    root.packages = TRY_CTX(packages::parse_lock(text, std::string(kLockPath)), "reading the packages of the image");
  }
  return root;
}

std::map<std::string, std::size_t> label_counts(const rootfs::Tree& tree) {
  std::map<std::string, std::size_t> counts;
  for (const auto& [path, entry] : tree.entries()) {
    const auto label = entry.xattrs.find("security.selinux");
    if (label == entry.xattrs.end()) continue;
    // The kernel stores the context with its final NUL.
    std::string_view context = label->second;
    while (context.ends_with('\0')) context.remove_suffix(1);
    ++counts[std::string(context)];
  }
  return counts;
}

Result<Inspection> inspect(const sys::Path& image) {
  const ImageFile file = TRY(ImageFile::open(image));
  const auto size = TRY(sys::file_size(file.raw()));
  Inspection inspection{.path = image.native(),
                        .format = std::string(file.format()),
                        .kind = file.kind(),
                        .size = size,
                        .table = {},
                        .esp = {},
                        .slots = {},
                        .root = {}};
  switch (file.kind()) {
    case ImageKind::disk: TRY_CTX(inspect_disk(file, inspection), "reading {}", image.native()); break;
    case ImageKind::root: {
      auto root = TRY_CTX(read_root(file.raw()), "reading {}", image.native());
      inspection.root.emplace(std::move(root));
      break;
    }
    case ImageKind::efi: {
      const sys::MappedFile mapped = TRY(sys::MappedFile::open(file.raw()));
      inspection.esp.push_back(read_esp_file(image.filename().native(), mapped.bytes()));
      break;
    }
  }
  return inspection;
}

}  // namespace bulkhead::inspect
