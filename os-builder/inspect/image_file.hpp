// Any image file of a build, recognized by its first bytes, readable at offsets.
#pragma once

#include <optional>
#include <string_view>

#include "lib/sys/temp_dir.hpp"

namespace bulkhead::inspect {

enum class ImageKind {
  disk,  // a whole disk with a partition table
  root,  // an EROFS file system
  efi,   // a PE program: a UKI
};

// "disk", "root", "efi"
std::string_view to_string(ImageKind kind);

// Owns the raw copy of a compressed image, below $TMPDIR, for as long as it lives.
class ImageFile {
 public:
  // Raw disks, root images and EFI programs as they are; qcow2 and zstd are converted to a sparse raw file first.
  // Errors: not_found; data_loss for a file that is none of these.
  static Result<ImageFile> open(const sys::Path& path);

  ImageKind kind() const { return kind_; }
  const sys::Path& path() const { return path_; }  // as the user named it
  const sys::Path& raw() const { return raw_; }
  std::string_view format() const { return format_; }  // "raw", "qcow2", "zstd"

 private:
  ImageFile(sys::Path path, sys::Path raw, std::string_view format, ImageKind kind, std::optional<sys::TempDir> scratch)
      : path_(std::move(path)), raw_(std::move(raw)), format_(format), kind_(kind), scratch_(std::move(scratch)) {}

  sys::Path path_;
  sys::Path raw_;
  std::string_view format_;
  ImageKind kind_;
  std::optional<sys::TempDir> scratch_;
};

}  // namespace bulkhead::inspect
