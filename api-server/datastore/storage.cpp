#include "api-server/datastore/storage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/hex.hpp"

namespace bulkhead::datastore {
namespace {

constexpr mode_t kMode = 0600;

Result<sys::UniqueFd> open_for_appending(const sys::Path& path) {
  // A pipe in its place is refused at once (ENXIO) instead of waited for.
  return sys::open_file(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, kMode);
}

Result<> flush(const sys::UniqueFd& file, const sys::Path& path) {
  if (::fdatasync(file.get()) < 0) return fail_errno("flushing {}", path.native());
  return {};
}

}  // namespace

Result<std::unique_ptr<FileStorage>> FileStorage::open(const sys::Path& path) {
  sys::UniqueFd file = TRY(open_for_appending(path));
  TRY(sys::fsync_directory(path.parent_path()));  // the file may be new
  return std::unique_ptr<FileStorage>(new FileStorage(path, std::move(file)));
}

Result<std::string> FileStorage::read() { return sys::read_file_no_link(path_, kLargestFile); }

Result<> FileStorage::append(std::string_view bytes) {
  TRY_CTX(sys::write_all(file_.get(), as_bytes(bytes)), "writing {}", path_.native());
  return flush(file_, path_);
}

Result<> FileStorage::truncate(std::uint64_t size) {
  if (::ftruncate(file_.get(), static_cast<off_t>(size)) < 0) return fail_errno("truncating {}", path_.native());
  return flush(file_, path_);
}

Result<> FileStorage::replace(std::string_view bytes) {
  TRY(sys::write_file_atomically(path_, bytes, kMode));
  file_ = TRY(open_for_appending(path_));
  return {};
}

}  // namespace bulkhead::datastore
