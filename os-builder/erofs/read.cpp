#include "os-builder/erofs/read.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/crypto/sha256.hpp"
#include "lib/sys/child.hpp"
#include "lib/sys/mapped_file.hpp"

namespace bulkhead::erofs {
namespace {

Result<> check_regular(const sys::Path& path, std::uint64_t size) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) < 0) return fail_errno("looking at {}", path.native());
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) != size) {
    return fail(ErrorCode::data_loss, "{} could not be extracted from the image as a file of {} bytes", path.native(),
                size);
  }
  return {};
}

}  // namespace

Result<RootImage> read_image(const sys::Path& image) {
  // First the names: only an image whose names are plain is given to a tool that writes them into a directory.
  const sys::MappedFile mapped = TRY(sys::MappedFile::open(image));
  rootfs::Tree tree = TRY(parse_metadata(mapped.bytes()));

  std::error_code status;
  const sys::Path parent = std::filesystem::temp_directory_path(status);
  if (status) return fail(errno_error(status.value(), "finding the directory for temporary files"));
  sys::TempDir extracted = TRY(sys::TempDir::create(parent, "bulkhead-root-"));
  const sys::Path top = extracted.path() / "root";
  auto checked = sys::run_checked({.arguments = {"fsck.erofs", "-d0", "--extract=" + top.native(), "--no-preserve",
                                                 "--no-xattrs", image.native()}});
  if (!checked) {
    checked.error().code = ErrorCode::data_loss;
    return fail(std::move(checked).error());
  }

  rootfs::Tree complete = tree;
  for (const auto& [path, entry] : tree.entries()) {
    const rootfs::Content* content = entry.content();
    if (content == nullptr) continue;
    const sys::Path file = top / path.substr(1);
    TRY(check_regular(file, content->size));
    const Sha256 sha256 = TRY(crypto::sha256_file(file));
    complete.find(path)->node = rootfs::Content{.source = file, .size = content->size, .sha256 = sha256};
  }
  return RootImage{.extracted = std::move(extracted), .tree = std::move(complete)};
}

}  // namespace bulkhead::erofs
