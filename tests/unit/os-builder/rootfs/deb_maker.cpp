#include "tests/unit/os-builder/rootfs/deb_maker.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <catch2/catch_test_macros.hpp>

namespace bulkhead::test {
namespace {

la_ssize_t append(archive* /*writer*/, void* text, const void* bytes, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void add(archive* writer, const Member& member) {
  archive_entry* const entry = archive_entry_new();
  archive_entry_set_pathname(entry, member.name.c_str());
  archive_entry_set_perm(entry, member.mode);
  archive_entry_set_filetype(entry, AE_IFREG);
  switch (member.kind) {
    case Member::Kind::file: archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size())); break;
    case Member::Kind::directory: archive_entry_set_filetype(entry, AE_IFDIR); break;
    case Member::Kind::symlink:
      archive_entry_set_filetype(entry, AE_IFLNK);
      archive_entry_set_symlink(entry, member.content.c_str());
      break;
    case Member::Kind::hard_link: archive_entry_set_hardlink(entry, member.content.c_str()); break;
    case Member::Kind::device: archive_entry_set_filetype(entry, AE_IFCHR); break;
  }
  if (!member.capability.empty()) {
    archive_entry_xattr_add_entry(entry, "security.capability", member.capability.data(), member.capability.size());
  }
  REQUIRE(archive_write_header(writer, entry) == ARCHIVE_OK);
  if (member.kind == Member::Kind::file) archive_write_data(writer, member.content.data(), member.content.size());
  archive_entry_free(entry);
}

std::string finish(archive* writer, const std::string& bytes) {
  REQUIRE(archive_write_close(writer) == ARCHIVE_OK);
  archive_write_free(writer);
  return bytes;
}

}  // namespace

std::string make_data_tar(const std::vector<Member>& members, std::string_view compression) {
  std::string bytes;
  archive* const writer = archive_write_new();
  archive_write_set_format_pax_restricted(writer);
  archive_write_set_options(writer, "pax:hdrcharset=BINARY");
  if (compression == "xz") archive_write_add_filter_xz(writer);
  if (compression == "zstd") archive_write_add_filter_zstd(writer);
  if (compression == "gzip") archive_write_add_filter_gzip(writer);
  archive_write_set_bytes_in_last_block(writer, 1);  // no padding behind the compressed stream
  REQUIRE(archive_write_open(writer, &bytes, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const Member& member : members) add(writer, member);
  return finish(writer, bytes);
}

std::string make_ar(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string bytes;
  archive* const writer = archive_write_new();
  archive_write_set_format_ar_bsd(writer);
  archive_write_set_bytes_in_last_block(writer, 1);
  REQUIRE(archive_write_open(writer, &bytes, nullptr, append, nullptr) == ARCHIVE_OK);
  for (const auto& [name, content] : members) add(writer, {.name = name, .content = content});
  return finish(writer, bytes);
}

std::string make_deb(const std::vector<Member>& members, std::string_view compression, const std::string& control) {
  const std::string suffix = compression == "xz"     ? ".xz"
                             : compression == "zstd" ? ".zst"
                             : compression == "gzip" ? ".gz"
                                                     : "";
  return make_ar({{"debian-binary", "2.0\n"},
                  {"control.tar.xz", make_data_tar({{.name = "./control", .content = control}}, "xz")},
                  {"data.tar" + suffix, make_data_tar(members, compression)}});
}

rootfs::ContentSink memory_sink() {
  return [](std::string_view bytes) -> Result<rootfs::Content> { return rootfs::Content::of(std::string(bytes)); };
}

std::string text_of(const rootfs::Tree& tree, std::string_view path) {
  const rootfs::Entry* const entry = tree.find(path);
  if (entry == nullptr || entry->content() == nullptr) return "absent";
  return entry->content()->read().value_or("unreadable");
}

}  // namespace bulkhead::test
