#include "os-builder/inspect/image_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "lib/base/hex.hpp"
#include "lib/sys/child.hpp"

namespace bulkhead::inspect {
namespace {

constexpr std::string_view kQcow2Magic = "QFI\xfb";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kPeMagic = "MZ";
constexpr std::string_view kGptMagic = "EFI PART";       // second sector
constexpr std::string_view kProtectiveMbr = "\x55\xaa";  // end of the first sector: a disk whose primary GPT is damaged
constexpr std::string_view kErofsMagic = "\xe2\xe1\xf5\xe0";  // of the superblock at 1024
constexpr std::size_t kStart = 2048;

constexpr const char* kUseImage = "use the disk.img, disk.qcow2, disk.img.zst, root.erofs or .efi file of a build";

Result<std::string> read_start(const sys::Path& path) {
  auto opened = sys::open_file(path, O_RDONLY);
  if (!opened && opened.error().code == ErrorCode::not_found) opened.error().hint = kUseImage;
  const sys::UniqueFd fd = TRY(std::move(opened));
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown))
    return fail(
        error(ErrorCode::invalid_argument, "{} is a directory, not an image", path.native()).with_hint(kUseImage));
  const std::uint64_t size = TRY(sys::file_size(path));
  std::string start(static_cast<std::size_t>(std::min<std::uint64_t>(size, kStart)), '\0');
  TRY_CTX(sys::read_exactly_at(fd.get(), std::as_writable_bytes(std::span(start)), 0), "reading {}", path.native());
  start.resize(kStart, '\0');
  return start;
}

bool has(std::string_view start, std::size_t at, std::string_view magic) { return start.substr(at).starts_with(magic); }

Result<ImageKind> image_kind(std::string_view start, const sys::Path& path) {
  if (has(start, 512, kGptMagic)) return ImageKind::disk;
  if (has(start, 1024, kErofsMagic)) return ImageKind::root;
  if (has(start, 0, kPeMagic)) return ImageKind::efi;
  if (has(start, 510, kProtectiveMbr)) return ImageKind::disk;
  return fail(error(ErrorCode::data_loss, "{} is not a disk image, a root image or an EFI program", path.native())
                  .with_hint(kUseImage));
}

}  // namespace

std::string_view to_string(ImageKind kind) {
  switch (kind) {
    case ImageKind::disk: return "disk";
    case ImageKind::root: return "root";
    case ImageKind::efi: return "efi";
  }
  std::unreachable();
}

Result<ImageFile> ImageFile::open(const sys::Path& path) {
  std::string start = TRY(read_start(path));
  const bool qcow2 = has(start, 0, kQcow2Magic);
  const bool zstd = has(start, 0, kZstdMagic);
  if (!qcow2 && !zstd) {
    const ImageKind kind = TRY(image_kind(start, path));
    return ImageFile(path, path, "raw", kind, std::nullopt);
  }

  std::error_code status;
  const sys::Path parent = std::filesystem::temp_directory_path(status);
  if (status) return fail(errno_error(status.value(), "finding the directory for temporary files"));
  sys::TempDir scratch = TRY(sys::TempDir::create(parent, "bulkhead-image-"));
  const sys::Path raw = scratch.path() / "raw";
  const std::string from = std::filesystem::absolute(path, status).native();
  if (qcow2) {
    // -U: reading must not wait for a machine that runs from the image.
    TRY(sys::run_checked({.arguments = {"qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", from, raw.native()}}));
  } else {
    TRY(sys::run_checked({.arguments = {"zstd", "-d", "-q", "--sparse", "-o", raw.native(), "--", from}}));
  }
  start = TRY(read_start(raw));
  const ImageKind kind = TRY(image_kind(start, path));
  return ImageFile(path, raw, qcow2 ? "qcow2" : "zstd", kind, std::move(scratch));
}

}  // namespace bulkhead::inspect
