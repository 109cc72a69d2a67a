#include "os-builder/disk/tool.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/sys/file.hpp"

namespace bulkhead::disk {
namespace {

// mkfs.vfat only reports that it failed to write, so the file system is checked too: less space is free than the block
// that could not be written.
bool is_full(const sys::Path& target) {
  static constexpr std::uint64_t kLargestBlock = std::uint64_t{128} << 10U;
  struct statvfs info{};
  if (::statvfs(target.c_str(), &info) < 0) return false;
  return std::uint64_t{info.f_bavail} * info.f_frsize < kLargestBlock;
}

}  // namespace

Result<std::string> run_tool(const sys::Command& command, const sys::Path& target) {
  auto output = sys::run_checked(command);
  if (output) return output;
  // Children run with LC_ALL=C: the text is the C library's own.
  if (!output.error().message.contains("No space left on device") && !is_full(target)) return output;
  return fail(errno_error(ENOSPC, "{} cannot write {}", command.arguments[0], target.filename().native()));
}

Result<> flush(const sys::Path& image) {
  sys::UniqueFd fd = TRY(sys::open_file(image, O_RDWR));
  if (::fdatasync(fd.get()) < 0) return fail_errno("flushing {}", image.native());
  return fd.close();
}

}  // namespace bulkhead::disk
