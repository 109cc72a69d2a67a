// tree.hpp, write_tar(): libarchive's writer, fenced here.
#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "os-builder/rootfs/tree.hpp"

namespace bulkhead::rootfs {
namespace {

struct FreeWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

std::unexpected<Error> writer_error(archive* writer, std::string_view what) {
  const int number = archive_errno(writer);
  const char* const text = archive_error_string(writer);
  return fail(Error{.code = number > 0 ? code_of_errno(number) : ErrorCode::internal,
                    .sys_errno = std::max(number, 0),
                    .message = std::format("{}: {}", what, text != nullptr ? text : "unknown error"),
                    .context = {},
                    .hint = {}});
}

void describe(const std::string& path, const Entry& entry, std::int64_t epoch, archive_entry* header) {
  archive_entry_clear(header);
  // The root is "./": mkfs.erofs takes the root directory's owner and mode from it.
  const std::string name = path == "/" ? "./" : path.substr(1);
  archive_entry_copy_pathname(header, name.c_str());
  archive_entry_set_uid(header, entry.uid);
  archive_entry_set_gid(header, entry.gid);
  archive_entry_set_mtime(header, epoch, 0);
  if (const Content* const content = entry.content()) {
    archive_entry_set_filetype(header, AE_IFREG);
    archive_entry_set_size(header, static_cast<la_int64_t>(content->size));
  } else if (const Symlink* const link = entry.symlink()) {
    archive_entry_set_filetype(header, AE_IFLNK);
    archive_entry_copy_symlink(header, link->target.c_str());
  } else {
    archive_entry_set_filetype(header, AE_IFDIR);
  }
  archive_entry_set_perm(header, entry.mode);
  for (const auto& [key, value] : entry.xattrs)
    archive_entry_xattr_add_entry(header, key.c_str(), value.data(), value.size());
}

}  // namespace

Result<> write_tar(const Tree& tree, std::int64_t epoch, int fd) {
  const std::unique_ptr<archive, FreeWriter> writer(archive_write_new());
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  if (!writer || !header) return fail(ErrorCode::internal, "libarchive could not make a writer");
  // "restricted pax": extended headers only where the plain ones do not suffice, and no time finer than a second.
  if (archive_write_set_format_pax_restricted(writer.get()) != ARCHIVE_OK ||
      archive_write_set_options(writer.get(), "pax:xattrheader=SCHILY,pax:hdrcharset=BINARY") != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(writer.get(), 1 << 20) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(writer.get(), 512) != ARCHIVE_OK ||
      archive_write_open_fd(writer.get(), fd) != ARCHIVE_OK) {
    return writer_error(writer.get(), "starting the tar stream");
  }
  for (const auto& [path, entry] : tree.entries()) {
    describe(path, entry, epoch, header.get());
    if (archive_write_header(writer.get(), header.get()) != ARCHIVE_OK) return writer_error(writer.get(), path);
    const Content* const content = entry.content();
    if (content == nullptr || content->size == 0) continue;
    const ContentView view = TRY_CTX(ContentView::open(*content), "writing {}", path);
    const auto bytes = view.bytes();
    if (archive_write_data(writer.get(), bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size())) {
      return writer_error(writer.get(), path);
    }
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return writer_error(writer.get(), "ending the tar stream");
  return {};
}

}  // namespace bulkhead::rootfs
