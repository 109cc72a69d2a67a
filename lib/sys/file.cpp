#include "lib/sys/file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace bulkhead::sys {

Result<UniqueFd> open_file(const Path& path, int flags, mode_t mode) {
  for (;;) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (fd) return fd;
    if (errno != EINTR) return fail_errno("opening {}", path.native());
  }
}

namespace {

Result<std::string> read_to_end(int fd, const Path& name, std::uint64_t limit) {
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading {}", name.native());
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > limit) {
      return fail(ErrorCode::failed_precondition, "{} is larger than {} bytes", name.native(), limit);
    }
  }
}

}  // namespace

Result<std::string> read_file(const Path& path, std::uint64_t limit) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  return read_file(fd.get(), path, limit);
}

Result<std::string> read_file_no_link(const Path& path, std::uint64_t limit) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  return read_file(fd.get(), path, limit);
}

Result<std::string> read_file(int fd, const Path& name, std::uint64_t limit) {
  struct stat status{};
  if (::fstat(fd, &status) < 0) return fail_errno("looking at {}", name.native());
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::failed_precondition, "{} is not a regular file", name.native());
  return read_to_end(fd, name, limit);
}

Result<std::string> read_stream(const Path& path, std::uint64_t limit) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_NOCTTY));
  return read_to_end(fd.get(), path, limit);
}

Result<> write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("writing");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("writing at offset {}", offset);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<> read_exactly_at(int fd, std::span<std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("reading at offset {}", offset);
    if (count == 0) return fail(ErrorCode::data_loss, "unexpected end of file at offset {}", offset);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

namespace {

// A file that disappears unless commit() renamed it into place.
class PendingFile {
 public:
  static Result<PendingFile> create(const Path& target, mode_t mode) {
    std::string name = target.native() + ".XXXXXX";
    UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd) return fail_errno("creating a temporary file for {}", target.native());
    PendingFile file(std::move(fd), std::move(name));
    if (::fchmod(file.fd_.get(), mode) < 0) return fail_errno("setting the mode of {}", file.name_);
    return file;
  }
  PendingFile(PendingFile&& other) noexcept : fd_(std::move(other.fd_)), name_(std::exchange(other.name_, {})) {}
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  int fd() const { return fd_.get(); }

  Result<> commit(const Path& target) {
    if (::fsync(fd_.get()) < 0) return fail_errno("flushing {}", name_);
    TRY(fd_.close());
    TRY(sys::rename(name_, target));
    name_.clear();
    const Path directory = target.parent_path();
    return fsync_directory(directory.empty() ? Path(".") : directory);
  }

 private:
  PendingFile(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  UniqueFd fd_;
  std::string name_;
};

}  // namespace

Result<> write_file_atomically(const Path& path, std::string_view content, mode_t mode) {
  PendingFile file = TRY(PendingFile::create(path, mode));
  TRY_CTX(write_all(file.fd(), std::as_bytes(std::span(content))), "writing {}", path.native());
  return file.commit(path);
}

Result<> copy_range(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset, std::uint64_t length,
                    bool sparse) {
  static constexpr std::size_t kChunk = std::size_t{256} << 10U;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kChunk);
  while (length > 0) {
    const std::span chunk(buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(length, kChunk)));
    TRY(read_exactly_at(from, chunk, from_offset));
    const bool zero = sparse && std::ranges::all_of(chunk, [](std::byte b) { return b == std::byte{0}; });
    if (!zero) TRY(write_all_at(to, chunk, to_offset));
    from_offset += chunk.size();
    to_offset += chunk.size();
    length -= chunk.size();
  }
  return {};
}

Result<std::uint64_t> file_size(const Path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) < 0) return fail_errno("looking at {}", path.native());
  return static_cast<std::uint64_t>(info.st_size);
}

std::uint64_t next_data(int fd, std::uint64_t offset, std::uint64_t size) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  if (found >= 0) return static_cast<std::uint64_t>(found);
  return errno == ENXIO ? size : offset;
}

std::uint64_t next_hole(int fd, std::uint64_t offset, std::uint64_t size) {
  const off_t found = ::lseek(fd, static_cast<off_t>(offset), SEEK_HOLE);
  return found >= 0 ? static_cast<std::uint64_t>(found) : size;
}

Result<> fsync_directory(const Path& path) {
  const UniqueFd fd = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) < 0) return fail_errno("flushing directory {}", path.native());
  return {};
}

Result<> create_directories(const Path& path) {
  std::error_code status;
  std::filesystem::create_directories(path, status);
  if (status) return fail(errno_error(status.value(), "creating directory {}", path.native()));
  return {};
}

Result<> remove_all(const Path& path) {
  std::error_code status;
  std::filesystem::remove_all(path, status);
  if (status) return fail(errno_error(status.value(), "removing {}", path.native()));
  return {};
}

Result<std::vector<Path>> list_directory(const Path& path) {
  std::vector<Path> paths;
  std::error_code status;
  auto entry = std::filesystem::directory_iterator(path, status);
  for (; !status && entry != std::filesystem::directory_iterator(); entry.increment(status))
    paths.push_back(entry->path());
  if (status) return fail(errno_error(status.value(), "listing {}", path.native()));
  std::ranges::sort(paths);
  return paths;
}

Result<> rename(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) < 0) return fail_errno("renaming {} to {}", from.native(), to.native());
  return {};
}

bool exists(const Path& path) {
  std::error_code status;
  return std::filesystem::exists(std::filesystem::symlink_status(path, status));
}

}  // namespace bulkhead::sys
