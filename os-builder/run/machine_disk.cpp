#include "os-builder/run/machine_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "lib/base/hex.hpp"
#include "lib/sys/child.hpp"

namespace bulkhead::run {
namespace {

Result<sys::Path> full_path(const sys::Path& path) {
  std::error_code status;
  sys::Path result = std::filesystem::absolute(path, status);
  if (status) return fail(errno_error(status.value(), "finding {}", path.native()));
  return result;
}

// Changes whenever the file was written or replaced.
Result<std::string> identity_of(const sys::Path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0) return fail_errno("looking at {}", path.native());
  return std::format("{} {} {} {}.{:09}\n", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

// The overlay is made complete under another name first: a killed run leaves either no machine or a whole one.
Result<> make_machine(const sys::Path& image, std::uint64_t size, const std::string& identity,
                      const sys::Path& directory) {
  TRY(sys::remove_all(directory));
  TRY(sys::create_directories(directory));
  const sys::Path partial = directory / "disk.partial";
  TRY_CTX(sys::run_checked({.arguments = {"qemu-img", "create", "-q", "-f", "qcow2", "-b", image.native(), "-F", "raw",
                                          partial.native(), std::to_string(size)}}),
          "making the machine's disk");
  TRY(sys::rename(partial, directory / "disk.qcow2"));
  TRY(sys::write_file_atomically(directory / "source", identity));
  return {};
}

Result<MachineFiles> variant_machine(const BootOptions& options) {
  const sys::Path image = TRY(full_path(options.images / options.variant / "disk.img"));
  if (!sys::exists(image)) {
    return fail(error(ErrorCode::not_found, "there is no image of variant {} at {}", options.variant, image.native())
                    .with_hint(std::format("build it: os-builder build -v {}", options.variant)));
  }
  const std::uint64_t image_size = TRY(sys::file_size(image));
  const std::uint64_t size = std::max(options.disk_size, image_size);
  MachineFiles files;
  files.disk.bus = options.bus.value_or(platform_bus(options.variant));
  if (options.snapshot) {
    files.disk.image = image;
    files.disk.size = size;
    return files;
  }
  const sys::Path directory = TRY(full_path(options.images / (options.variant + ".machine")));
  const std::string identity = TRY(identity_of(image));
  const auto known = sys::read_file(directory / "source", 4096);
  files.fresh = !known || *known != identity || !sys::exists(directory / "disk.qcow2");
  if (files.fresh) TRY(make_machine(image, size, identity, directory));
  files.disk.image = directory / "disk.qcow2";
  files.disk.format = vm::DiskFormat::qcow2;
  files.disk.snapshot = false;
  files.variables = directory / "variables.fd";
  return files;
}

Result<MachineFiles> given_image(const BootOptions& options, const sys::Path& given) {
  const sys::Path image = TRY(full_path(given));
  if (!sys::exists(image)) {
    return fail(error(ErrorCode::not_found, "there is no image {}", image.native())
                    .with_hint("name a disk image, or leave it out to boot the one of a variant (-v)"));
  }
  std::error_code unknown;
  if (std::filesystem::is_directory(image, unknown)) {
    return fail(error(ErrorCode::invalid_argument, "{} is a directory, not an image", image.native())
                    .with_hint("name the disk.img or disk.qcow2 in it, or boot a variant's image with -v"));
  }
  MachineFiles files;
  files.disk.image = image;
  files.disk.format = TRY(format_of(image));
  files.disk.bus = options.bus.value_or(platform_bus(options.variant));
  files.disk.snapshot = options.snapshot;
  return files;
}

}  // namespace

vm::DiskBus platform_bus(const std::string& variant) {
  const bool ec2 = variant == "ec2" || variant.starts_with("ec2-");
  return ec2 ? vm::DiskBus::nvme : vm::DiskBus::virtio_blk;
}

Result<vm::DiskFormat> format_of(const sys::Path& image) {
  const sys::UniqueFd fd = TRY(sys::open_file(image, O_RDONLY));
  std::array<std::byte, 520> start{};
  TRY_CTX(sys::read_exactly_at(fd.get(), start, 0), "reading {}", image.native());
  const std::string_view text = as_text(start);
  if (text.starts_with("QFI\xfb")) return vm::DiskFormat::qcow2;
  if (text.substr(512) == "EFI PART") return vm::DiskFormat::raw;
  return fail(error(ErrorCode::invalid_argument, "{} is not a raw disk with a GPT or a qcow2 image", image.native())
                  .with_hint("if the image is compressed, unpack it first: zstd -d IMAGE.zst"));
}

Result<MachineFiles> prepare_disk(const BootOptions& options) {
  return options.image ? given_image(options, *options.image) : variant_machine(options);
}

}  // namespace bulkhead::run
