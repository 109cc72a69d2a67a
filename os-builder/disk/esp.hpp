// The EFI system partition of a disk image: FAT32 made by mkfs.vfat, files through mtools, all inside the image at an
// offset. esp.cpp is the only file that runs these tools. Paths on the ESP are relative with '/', for example
// "EFI/Linux/x.efi".
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "lib/gpt/table.hpp"
#include "lib/sys/file.hpp"

namespace bulkhead::disk {

// An ESP inside an image file.
struct Esp {
  sys::Path image;
  gpt::Partition partition;
};

// Makes the file system and copies the files in, directories first, in the order of their paths. Every time stamp is
// `epoch`. Deterministic. Errors: failed_precondition when the files do not fit, or the partition is too small for
// FAT32.
Result<> make_esp(const Esp& esp, const std::map<std::string, sys::Path>& files, std::int64_t epoch);

// All files, sorted.
Result<std::vector<std::string>> list_esp_files(const Esp& esp);
// Errors: not_found; files over 64 MiB are refused.
Result<std::string> read_esp_file(const Esp& esp, const std::string& path);
// Creates or replaces a file; missing directories are made. Not atomic: the file is gone in between.
Result<> put_esp_file(const Esp& esp, const std::string& path, std::string_view content, std::int64_t epoch);
Result<> remove_esp_file(const Esp& esp, const std::string& path);

}  // namespace bulkhead::disk
