#include "os-builder/initrd/read.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>

namespace bulkhead::initrd {
namespace {

constexpr std::size_t kMaxEntries = 10'000;
constexpr std::size_t kMaxContent = std::size_t{512} << 20U;

struct FreeArchive {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};

std::unexpected<Error> unreadable(archive* reader) {
  const char* text = ::archive_error_string(reader);
  return fail(ErrorCode::data_loss, "the initrd cannot be read: {}", text == nullptr ? "damaged" : text);
}

Result<std::string> entry_content(archive* reader, std::size_t limit) {
  std::string content;
  std::array<char, 65536> buffer;
  for (;;) {
    const la_ssize_t count = ::archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) return unreadable(reader);
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > limit) return fail(ErrorCode::data_loss, "the initrd is larger than {} bytes", kMaxContent);
  }
}

}  // namespace

Result<std::vector<InitrdFile>> read_archive(std::span<const std::byte> bytes) {
  const std::unique_ptr<archive, FreeArchive> reader(::archive_read_new());
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_cpio(reader.get());
  if (::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return unreadable(reader.get());
  std::vector<InitrdFile> files;
  std::size_t rest = kMaxContent;
  for (std::size_t entries = 0;; ++entries) {
    if (entries == kMaxEntries) return fail(ErrorCode::data_loss, "the initrd has more than {} entries", kMaxEntries);
    archive_entry* entry = nullptr;
    const int status = ::archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return unreadable(reader.get());
    if (::archive_entry_filetype(entry) != AE_IFREG) continue;
    const char* const path = ::archive_entry_pathname(entry);
    if (path == nullptr || *path == '\0') return fail(ErrorCode::data_loss, "the initrd has a file without a name");
    InitrdFile file{.path = path, .content = {}};
    file.content = TRY(entry_content(reader.get(), rest));
    rest -= file.content.size();
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, {}, &InitrdFile::path);
  const auto repeated = std::ranges::adjacent_find(files, std::ranges::equal_to{}, &InitrdFile::path);
  if (repeated != files.end()) return fail(ErrorCode::data_loss, "the initrd has {} twice", repeated->path);
  return files;
}

}  // namespace bulkhead::initrd
