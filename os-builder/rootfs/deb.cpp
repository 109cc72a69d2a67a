#include "os-builder/rootfs/deb.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

namespace bulkhead::rootfs {
namespace {

constexpr std::uint64_t kMaxControl = std::uint64_t{1} << 20U;

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

std::unexpected<Error> reader_error(archive* reader, std::string_view what) {
  const char* const text = archive_error_string(reader);
  return fail(ErrorCode::data_loss, "{}: {}", what, text != nullptr ? text : "damaged");
}

// The next entry, or nothing at the end. A warning (a name that the locale cannot show) is no failure.
Result<archive_entry*> next_entry(archive* reader, std::string_view what) {
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(reader, &entry);
  if (status == ARCHIVE_EOF) return nullptr;
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return reader_error(reader, what);
  return entry;
}

Result<std::string> read_data(archive* reader, std::uint64_t limit, std::string_view what) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const la_ssize_t count = archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0) return reader_error(reader, what);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > limit) return fail(ErrorCode::failed_precondition, "{}: larger than {} bytes", what, limit);
  }
}

// Feeds the data of the outer archive's current entry to an inner one.
la_ssize_t read_outer(archive* inner, void* outer, const void** block) {
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = archive_read_data_block(static_cast<archive*>(outer), block, &size, &offset);
  if (status == ARCHIVE_EOF) return 0;
  if (status != ARCHIVE_OK) {
    archive_set_error(inner, EILSEQ, "the package is cut off");
    return -1;
  }
  return static_cast<la_ssize_t>(size);
}

// "./bin/true" -> "/usr/bin/true"; "" for the root and for what merged-/usr replaces by a symlink of ours.
Result<std::string> image_path(std::string_view name, std::size_t limit) {
  if (name.size() > limit)
    return fail(ErrorCode::invalid_argument, "a path has {} bytes, which is too long", name.size());
  if (name.starts_with('/')) return fail(ErrorCode::invalid_argument, "'{}' is an absolute path", name);
  std::string path;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(ErrorCode::invalid_argument, "'{}' leads out of the root", name);
    path += '/';
    path += part;
  }
  for (const std::string_view merged : {"/bin", "/sbin", "/lib", "/lib64"}) {
    if (path == merged || path.starts_with(std::string(merged) + "/")) return "/usr" + path;
  }
  return path;
}

class PackageReader {
 public:
  PackageReader(const DebLimits& limits, const ContentSink& sink) : limits_(limits), sink_(sink) {}

  Result<Tree> read(archive* reader) {
    for (;;) {
      archive_entry* const header = TRY(next_entry(reader, "data.tar"));
      if (header == nullptr) return std::move(tree_);
      if (++entries_ > limits_.entries) {
        return fail(ErrorCode::failed_precondition, "more than {} files", limits_.entries);
      }
      const char* const name = archive_entry_pathname(header);
      if (name == nullptr) return fail(ErrorCode::data_loss, "a file without a name");
      TRY_CTX(add(reader, header, name), "{}", name);
    }
  }

 private:
  Result<> add(archive* reader, archive_entry* header, std::string_view name) {
    std::string path = TRY(image_path(name, limits_.path_bytes));
    if (path.empty()) return {};
    if (const char* const target = archive_entry_hardlink(header)) return add_hard_link(std::move(path), target);

    Entry entry{
        .node = Directory{}, .mode = archive_entry_perm(header), .uid = 0, .gid = 0, .xattrs = {}, .origin = {}};
    const auto uid = archive_entry_uid(header);
    const auto gid = archive_entry_gid(header);
    if (!std::in_range<std::uint32_t>(uid) || !std::in_range<std::uint32_t>(gid)) {
      return fail(ErrorCode::invalid_argument, "owner {}:{} out of range", uid, gid);
    }
    entry.uid = static_cast<std::uint32_t>(uid);
    entry.gid = static_cast<std::uint32_t>(gid);
    const char* key = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    archive_entry_xattr_reset(header);
    while (archive_entry_xattr_next(header, &key, &value, &size) == ARCHIVE_OK) {
      if (key == nullptr) continue;
      entry.xattrs.emplace(key, value == nullptr ? std::string() : std::string(static_cast<const char*>(value), size));
    }
    switch (archive_entry_filetype(header)) {
      case AE_IFDIR: return add_directory(std::move(path), std::move(entry));
      case AE_IFREG: entry.node = TRY(content(reader)); break;
      case AE_IFLNK: {
        const char* const target = archive_entry_symlink(header);
        if (target == nullptr || *target == '\0')
          return fail(ErrorCode::invalid_argument, "a symlink has an empty target");
        if (std::string_view(target).size() > limits_.path_bytes)
          return fail(ErrorCode::invalid_argument, "the target of a symlink is too long");
        // base-files' /bin -> usr/bin and the like: ours to make.
        if (path == "/usr/bin" || path == "/usr/sbin" || path == "/usr/lib" || path == "/usr/lib64") return {};
        entry.node = Symlink{target};
        entry.mode = 0777;
        break;
      }
      default: return fail(ErrorCode::invalid_argument, "it is not a file, directory or symlink");
    }
    return put_new(std::move(path), std::move(entry));
  }

  Result<Content> content(archive* reader) {
    const std::uint64_t rest = limits_.total_bytes - total_;
    const std::string bytes = TRY(read_data(reader, std::min(limits_.file_bytes, rest), "content"));
    total_ += bytes.size();
    return sink_(bytes);
  }

  Result<> add_directory(std::string path, Entry entry) {
    // Known already when a file below it came first, or when /bin and /usr/bin are both there.
    const Entry* const known = tree_.find(path);
    if (known != nullptr && !known->is_directory()) return fail(ErrorCode::invalid_argument, "it appears twice");
    return tree_.put(std::move(path), std::move(entry));
  }

  Result<> add_hard_link(std::string path, std::string_view target) {
    const std::string original = TRY(image_path(target, limits_.path_bytes));
    const Entry* const entry = tree_.find(original);
    if (entry == nullptr || entry->content() == nullptr) {
      return fail(ErrorCode::invalid_argument, "it is a hard link to {}, which is not an earlier file", target);
    }
    return put_new(std::move(path), *entry);
  }

  Result<> put_new(std::string path, Entry entry) {
    if (tree_.find(path) != nullptr) return fail(ErrorCode::invalid_argument, "it appears twice");
    return tree_.put(std::move(path), std::move(entry));
  }

  const DebLimits& limits_;
  const ContentSink& sink_;
  Tree tree_;
  std::size_t entries_ = 0;
  std::uint64_t total_ = 0;
};

// A tar archive that is the current member of the outer one, which must outlive it.
Result<Reader> open_inner(archive* outer, std::string_view what) {
  Reader inner(archive_read_new());
  if (!inner) return fail(ErrorCode::internal, "libarchive could not make a reader");
  archive_read_support_filter_xz(inner.get());
  archive_read_support_filter_zstd(inner.get());
  archive_read_support_filter_gzip(inner.get());
  archive_read_support_format_tar(inner.get());
  archive_read_set_option(inner.get(), "tar", "hdrcharset", "BINARY");
  if (archive_read_open(inner.get(), outer, nullptr, read_outer, nullptr) != ARCHIVE_OK) {
    return reader_error(inner.get(), what);
  }
  return inner;
}

// Opens the outer archive, checks debian-binary, and stops at the first member whose name is `wanted` or `wanted.*`.
Result<Reader> open_member(std::span<const std::byte> deb, std::string_view wanted) {
  Reader outer(archive_read_new());
  if (!outer) return fail(ErrorCode::internal, "libarchive could not make a reader");
  archive_read_support_format_ar(outer.get());
  if (archive_read_open_memory(outer.get(), deb.data(), deb.size()) != ARCHIVE_OK) {
    return reader_error(outer.get(), "not a Debian package");
  }
  bool versioned = false;
  for (;;) {
    archive_entry* const header = TRY(next_entry(outer.get(), "not a Debian package"));
    if (header == nullptr) return fail(ErrorCode::data_loss, "not a Debian package: it has no {}", wanted);
    const char* const name = archive_entry_pathname(header);
    const std::string_view member = name == nullptr ? "" : name;
    if (member == "debian-binary") {
      const std::string format = TRY(read_data(outer.get(), 64, "debian-binary"));
      if (!format.starts_with("2."))
        return fail(ErrorCode::invalid_argument, "unknown package format '{}'", trim(format));
      versioned = true;
    } else if (member.starts_with(wanted) && (member.size() == wanted.size() || member[wanted.size()] == '.')) {
      if (!versioned) return fail(ErrorCode::data_loss, "not a Debian package: it has no debian-binary");
      return outer;
    }
  }
}

}  // namespace

Result<Tree> read_deb(std::span<const std::byte> deb, const DebLimits& limits, const ContentSink& sink) {
  const Reader outer = TRY(open_member(deb, "data.tar"));
  const Reader inner = TRY(open_inner(outer.get(), "data.tar"));
  return PackageReader(limits, sink).read(inner.get());
}

Result<std::string> read_control(std::span<const std::byte> deb) {
  static constexpr std::size_t kMostMembers = 1000;
  const Reader outer = TRY(open_member(deb, "control.tar"));
  const Reader inner = TRY(open_inner(outer.get(), "control.tar"));
  for (std::size_t members = 0; members < kMostMembers; ++members) {
    archive_entry* const header = TRY(next_entry(inner.get(), "control.tar"));
    if (header == nullptr) break;
    const char* const name = archive_entry_pathname(header);
    const std::string_view member = name == nullptr ? "" : name;
    if (member != "./control" && member != "control") continue;
    if (archive_entry_filetype(header) != AE_IFREG) return fail(ErrorCode::data_loss, "control is not a file");
    return read_data(inner.get(), kMaxControl, "control");
  }
  return fail(ErrorCode::data_loss, "not a Debian package: control.tar has no control");
}

namespace {

Result<std::string> unpack_stream(std::span<const std::byte> bytes, std::uint64_t limit,
                                  int (*support_filter)(::archive*), std::string_view refusal) {
  const Reader reader(archive_read_new());
  if (!reader) return fail(ErrorCode::internal, "libarchive could not make a reader");
  support_filter(reader.get());
  archive_read_support_format_raw(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return reader_error(reader.get(), refusal);
  }
  const auto* const content = TRY(next_entry(reader.get(), refusal));
  if (content == nullptr) return std::string();
  if (archive_filter_count(reader.get()) < 2) return fail(ErrorCode::data_loss, "{}", refusal);
  return read_data(reader.get(), limit, "decompressing");
}

}  // namespace

Result<std::string> decompress_xz(std::span<const std::byte> bytes, std::uint64_t limit) {
  return unpack_stream(bytes, limit, archive_read_support_filter_xz, "not in xz format");
}

Result<std::string> decompress_gzip(std::span<const std::byte> bytes, std::uint64_t limit) {
  return unpack_stream(bytes, limit, archive_read_support_filter_gzip, "not in gzip format");
}

}  // namespace bulkhead::rootfs
